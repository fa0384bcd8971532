import { silentLog, systemRuntime } from "../../src/runtime.ts"

/** Fetches the URL as the plugin does, and prints what came. */
const response = await systemRuntime(silentLog).fetch(process.argv[2] ?? "", {
  method: "GET",
  redirect: "error",
})
console.log(response.status)
