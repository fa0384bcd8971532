import { connect } from "node:net"
import { type Finding, note, problem } from "./finding.ts"

const PATIENCE_MS = 5000
const NAMES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]

/** Whether the proxy that the environment names can be one, and is there. Its password is never shown. */
export async function proxyFindings(env: {
  readonly [name: string]: string | undefined
}): Promise<readonly Finding[]> {
  const [name] = NAMES.filter((candidate) => env[candidate])
  if (name === undefined) return []
  const url = URL.parse(env[name] ?? "")
  if (url === null || !/^https?:$/.test(url.protocol))
    return [problem(`${name} is no proxy's address`, "Write it as http://host:port, or unset it.")]
  const port = Number(url.port || (url.protocol === "https:" ? 443 : 80))
  if (await isThere(url.hostname, port)) return [note(`requests go through the proxy ${url.host} (${name})`)]
  return [
    problem(
      `the proxy ${url.host} (${name}) can't be reached`,
      `Start it, connect to its network, or unset ${name}.`,
    ),
  ]
}

function isThere(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port, timeout: PATIENCE_MS })
    const done = (there: boolean): void => {
      socket.destroy()
      resolve(there)
    }
    socket.once("connect", () => done(true))
    socket.once("error", () => done(false))
    socket.once("timeout", () => done(false))
  })
}
