import type { Operation } from "./operation.ts"
import type { ReceivedRequest } from "./received.ts"
import type { Reply } from "./reply.ts"

/** A reply, or what makes one from the request. */
export type Script = Reply | ((request: ReceivedRequest) => Reply | Promise<Reply>)

/** What comes next, per operation: used up from the front. */
export class Scripts {
  readonly #queues = new Map<Operation, Script[]>()

  next(operation: Operation, scripts: readonly Script[]): void {
    this.#queues.set(operation, [...(this.#queues.get(operation) ?? []), ...scripts])
  }

  take(operation: Operation): Script | undefined {
    return this.#queues.get(operation)?.shift()
  }

  clear(): void {
    this.#queues.clear()
  }
}

export async function run(script: Script, request: ReceivedRequest): Promise<Reply> {
  return typeof script === "function" ? script(request) : script
}
