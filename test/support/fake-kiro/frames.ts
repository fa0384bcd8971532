import { EventStreamCodec } from "@smithy/eventstream-codec"

/** Messages of the AWS event stream, encoded by AWS's own codec: an oracle that shares no code with ours. */

const fromUtf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const toUtf8 = (bytes: Uint8Array | string): string =>
  typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes)

/** A message with string headers, in the order given. */
export function frame(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: "string", value }] as const)
  return new EventStreamCodec(toUtf8, fromUtf8).encode({
    headers: Object.fromEntries(typed),
    body: fromUtf8(payload),
  })
}

export function eventFrame(eventType: string, payload: unknown): Uint8Array {
  return frame(
    { ":event-type": eventType, ":content-type": "application/json", ":message-type": "event" },
    JSON.stringify(payload),
  )
}

/** A modelled exception inside a stream whose status was 200. */
export function exceptionFrame(exceptionType: string, payload: unknown): Uint8Array {
  return frame(
    { ":exception-type": exceptionType, ":content-type": "application/json", ":message-type": "exception" },
    JSON.stringify(payload),
  )
}

/** An unmodelled error: everything is in the headers. */
export function errorFrame(code: string, message: string): Uint8Array {
  return frame({ ":message-type": "error", ":error-code": code, ":error-message": message }, "")
}

/** The same message with its last checksum made wrong. */
export function withBrokenChecksum(message: Uint8Array): Uint8Array {
  const broken = message.slice()
  const last = broken.length - 1
  broken[last] = (broken[last] ?? 0) ^ 0xff
  return broken
}
