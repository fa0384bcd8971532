import type { ServerResponse } from "node:http"
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises"
import { cutConnection } from "./cut-connection.ts"
import type { Reply, SignedReasoning, Step } from "./reply.ts"

export interface DeliverOptions {
  readonly response: ServerResponse
  readonly reply: Reply
  readonly headers: Readonly<Record<string, string>>
  readonly onSigned: (signed: SignedReasoning) => void
}

/** Writes a reply to the socket, as slowly, as piecemeal and as brokenly as it says. */
export async function deliver({ response, reply, headers, onSigned }: DeliverOptions): Promise<void> {
  switch (reply.kind) {
    case "reset":
      cutConnection(response)
      return
    case "silence":
      return untilClosed(response)
    case "document":
      response.writeHead(reply.status, { ...headers, ...reply.headers }).end(reply.body)
      return
    case "stream":
      response.writeHead(200, { ...headers, "content-type": "application/vnd.amazon.eventstream" })
      response.flushHeaders()
      return deliverSteps(response, reply.steps, onSigned)
    default:
      reply satisfies never
  }
}

async function deliverSteps(
  response: ServerResponse,
  steps: readonly Step[],
  onSigned: (signed: SignedReasoning) => void,
): Promise<void> {
  let size = Number.POSITIVE_INFINITY
  for (const step of steps) {
    if (response.destroyed) return
    switch (step.do) {
      case "send":
        if (step.signs) onSigned(step.signs)
        await write(response, step.bytes, size)
        break
      case "pause":
        await sleep(step.ms)
        break
      case "wait":
        await Promise.race([step.for, untilClosed(response)])
        break
      case "cut":
        size = step.size
        break
      case "reset":
        await nextTurn()
        cutConnection(response)
        return
      case "silence":
        return untilClosed(response)
      default:
        step satisfies never
    }
  }
  response.end()
}

async function write(response: ServerResponse, bytes: Uint8Array, size: number): Promise<void> {
  for (let offset = 0; offset < bytes.length; offset += size) {
    if (response.destroyed) return
    const room = response.write(bytes.subarray(offset, Math.min(bytes.length, offset + size)))
    if (room) {
      // A turn between two pieces keeps them apart on the wire.
      if (size < bytes.length) await nextTurn()
      continue
    }
    await new Promise<void>((resolve) => {
      response.once("drain", resolve)
      response.once("close", resolve)
    })
  }
}

function untilClosed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (response.destroyed) return resolve()
    response.once("close", resolve)
  })
}
