import { numberOf, readOptions } from "../options.ts"
import { startFakeKiro } from "./fake-kiro.ts"

/** The fake as a program of its own: prints its URL, a signed-in account, and then each request as it comes. */

const { values } = readOptions({ options: { port: { type: "string", default: "0" } } })
const fake = await startFakeKiro({ port: numberOf("port", values.port) })
const { accessToken, refreshToken, client } = fake.account()

console.log(fake.url)
console.log(JSON.stringify({ accessToken, refreshToken, ...client }))
fake.onRequest = ({ operation, method, path, host, status }) =>
  console.log(`${status ?? "cut"} ${operation ?? "unknown"} (${method} ${path} at ${host})`)
