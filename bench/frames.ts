import { eventFrame } from "../test/support/fake-kiro/index.ts"

/**
 * An answer as the bytes of its frames. One block: many small ones would make the garbage collector's work, and so the
 * figures of whoever allocates more, depend on the size of the bench.
 */
export type Answer = Uint8Array

const WORDS = "The quick brown fox — jumps over “lazy” dogs; then 42 more lines follow.\n"

/** `bytes` of text in deltas of `size` characters, with the usual end. */
export function textAnswer(bytes: number, size = 40): Answer {
  const deltas = Array.from({ length: Math.ceil(bytes / size) }, (_, index) =>
    eventFrame("assistantResponseEvent", { content: piece(index, size), modelId: "claude-sonnet-4.5" }),
  )
  return Buffer.concat([...deltas, ...end("END_TURN")])
}

/** One call whose arguments are `bytes` of JSON in pieces of `size` characters. */
export function toolAnswer(bytes: number, size = 60): Answer {
  const call = { toolUseId: "tooluse_0123456789abcdefABCDEF", name: "write" }
  const content = Array.from({ length: Math.ceil(bytes / size) }, (_, index) => piece(index, size)).join("")
  const json = JSON.stringify({ filePath: "/project/a.ts", content })
  const pieces = json.match(new RegExp(`[^]{1,${size}}`, "gu")) ?? []
  return Buffer.concat([
    eventFrame("toolUseEvent", call),
    ...pieces.map((input) => eventFrame("toolUseEvent", { input, ...call })),
    eventFrame("toolUseEvent", { ...call, stop: true }),
    ...end("TOOL_USE"),
  ])
}

function end(stopReason: string): Uint8Array[] {
  return [
    eventFrame("metadataEvent", { stopReason }),
    eventFrame("contextUsageEvent", { contextUsagePercentage: 10.867 }),
    eventFrame("meteringEvent", { unit: "credit", unitPlural: "credits", usage: 0.0897 }),
  ]
}

function piece(index: number, size: number): string {
  const from = (index * size) % WORDS.length
  return (WORDS + WORDS + WORDS).slice(from, from + size)
}

/** The bytes as a socket brings them: reads of `size`, cut anywhere. */
export function reads(answer: Answer, size = 16_384): Uint8Array[] {
  return Array.from({ length: Math.ceil(answer.length / size) }, (_, index) =>
    answer.subarray(index * size, (index + 1) * size),
  )
}
