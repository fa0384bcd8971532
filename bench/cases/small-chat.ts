import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import type { BenchCase } from "../harness.ts"
import type { Block } from "../small-chats.ts"

const CPU = "processor time of a first one"
const REQUEST = "from the call to the request at the service, p50"
const FURTHER = "processor time of a further one of its session"
const FURTHER_REQUEST = "from the call to the request, p50, of a further one"

/**
 * A message through the whole gateway, store and all, in a session of its own or in one that goes on. The floor parses
 * it, sends it on with the same headers, and makes a server-sent event of each frame of the answer. Each round is a
 * process of its own: what the runtime's compiler makes of the same code differs from one to the next.
 */
export function smallChat(): BenchCase {
  return {
    name: "small chat",
    rounds: 5,
    warmUp: false,
    limits: {
      [CPU]: { timesFloor: 2 },
      [REQUEST]: { timesFloor: 2 },
      [FURTHER]: { timesFloor: 2 },
      [FURTHER_REQUEST]: { timesFloor: 2 },
    },
    async round() {
      const script = fileURLToPath(new URL("../small-chats.ts", import.meta.url))
      const { stdout } = await promisify(execFile)(process.execPath, [script])
      const blocks = JSON.parse(stdout) as readonly Block[]
      return blocks.flatMap(({ first, further, floor }) => [
        { row: CPU, unit: "ms", ours: first.cpu, floor: floor.cpu },
        { row: REQUEST, unit: "ms", ours: first.delay, floor: floor.delay },
        { row: FURTHER, unit: "ms", ours: further.cpu, floor: floor.cpu },
        { row: FURTHER_REQUEST, unit: "ms", ours: further.delay, floor: floor.delay },
      ])
    },
  }
}
