import { createMessageDecoder } from "../../src/eventstream/index.ts"
import { readKiroEvent } from "../../src/kiro/index.ts"
import { openTranslator } from "../../test/translate/answer/translate.ts"
import { toolAnswer } from "../frames.ts"
import type { BenchCase } from "../harness.ts"

const ROW = "events by which a piece is late"

/** How many later events of its call a piece of arguments waits for, at most. */
export function toolArguments(): BenchCase {
  return {
    name: "tool arguments",
    rounds: 1,
    limits: { [ROW]: { atMost: 1 } },
    round: async () => [{ row: ROW, unit: "events", ours: mostLate(toolAnswer(100_000)) }],
  }
}

function mostLate(answer: Uint8Array): number {
  const translator = openTranslator()
  // The length of the arguments after each event; `given` says how much of them has left.
  const received: number[] = [0]
  let given = 0
  let late = 0
  for (const message of createMessageDecoder().push(answer)) {
    const event = readKiroEvent(message)
    if (event.type !== "toolUseEvent") continue
    received.push((received.at(-1) ?? 0) + (event.input?.length ?? 0))
    for (const { delta } of translator.push(event)) {
      for (const call of delta.tool_calls ?? []) given += call.function.arguments.length
    }
    const waiting = received.findLastIndex((length) => length <= given)
    late = Math.max(late, received.length - 1 - waiting)
  }
  return late
}
