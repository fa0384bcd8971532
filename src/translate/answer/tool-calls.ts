import type { KiroEvent } from "../../kiro/index.ts"
import type { ChatChunk, ToolCallDelta } from "../../openai/index.ts"
import { createSurrogateJoiner } from "./surrogates.ts"

type ToolUseEvent = Extract<KiroEvent, { type: "toolUseEvent" }>

/** A piece of a call, and whether the call is complete with it. */
export interface CallPiece {
  readonly delta: ToolCallDelta
  readonly callEnd?: ChatChunk["callEnd"]
}

interface ToolCalls {
  push(event: ToolUseEvent): CallPiece[]
  /** What makes every call without its stop unparsable, so that the host runs none of them. */
  breakOpen(): CallPiece[]
  /** The ids, as given out, of calls without their stop and of complete ones. */
  openIds(): string[]
  completedIds(): string[]
}

interface Call {
  readonly index: number
  readonly id: string
  readonly name: string
  readonly arguments: ToolArguments
  gaveArguments: boolean
  stopped: boolean
}

/** Follows the tool uses of one answer, interleaved or not. `originalNames` maps the names on Kiro's wire back. */
export function createToolCalls(originalNames: ReadonlyMap<string, string>): ToolCalls {
  const calls: Call[] = []
  const latest = new Map<string, Call>()
  /** The arguments of calls whose name is still to come, by id: a host takes no call without one. */
  const early = new Map<string, string>()

  function open({ toolUseId, name }: ToolUseEvent): Call {
    const call: Call = {
      index: calls.length,
      id: freeId(toolUseId, calls),
      name,
      arguments: createToolArguments(),
      gaveArguments: false,
      stopped: false,
    }
    calls.push(call)
    latest.set(toolUseId, call)
    return call
  }

  /** What opens a call, with all that came of it before its name. */
  function withItsName(event: ToolUseEvent): ToolUseEvent | undefined {
    const { toolUseId, name } = event
    const input = (early.get(toolUseId) ?? "") + (event.input ?? "")
    if (name === "") {
      early.set(toolUseId, input)
      return undefined
    }
    early.delete(toolUseId)
    return { ...event, input }
  }

  function announce({ index, id, name }: Call): CallPiece {
    const called = { name: originalNames.get(name) ?? name, arguments: "" }
    return { delta: { index, id, type: "function", function: called } }
  }

  return {
    push(arrived) {
      const pieces: CallPiece[] = []
      let call = latest.get(arrived.toolUseId)
      const event = call === undefined ? withItsName(arrived) : arrived
      if (event === undefined) return []
      if (call === undefined || startsAnew(call, event)) {
        call = open(event)
        pieces.push(announce(call))
      }
      // What comes after a call's stop is too late: the call was given out as complete.
      if (call.stopped) return pieces
      const { index } = call
      const piece = call.arguments.push(event.input ?? "")
      const text = event.stop ? piece + call.arguments.end() : piece
      call.stopped = event.stop
      if (text === "" && !event.stop) return pieces
      call.gaveArguments = true
      const delta = { index, function: { arguments: text } }
      return [...pieces, event.stop ? { delta, callEnd: index } : { delta }]
    },
    // Arguments that were given out in part are an open object: they do not parse as they are.
    breakOpen: () =>
      calls
        .filter((call) => !call.stopped && !call.gaveArguments)
        .map((call) => ({ delta: { index: call.index, function: { arguments: "{" } } })),
    openIds: () => [...calls.filter((call) => !call.stopped).map((call) => call.id), ...early.keys()],
    completedIds: () => calls.filter((call) => call.stopped).map((call) => call.id),
  }
}

/**
 * After its stop an id comes back as another call by an opening event, under another name, or as a call that is whole
 * in one event. A piece without a name belongs to the call whose id it has.
 */
function startsAnew(call: Call, { name, input, stop }: ToolUseEvent): boolean {
  if (!call.stopped || name === "") return false
  return name !== call.name || (input === undefined ? !stop : stop)
}

/** The host echoes ids back with every other character replaced, and takes two calls of one id for one. */
function freeId(toolUseId: string, calls: readonly Call[]): string {
  const wanted = toolUseId.replaceAll(/[^A-Za-z0-9_-]/g, "_")
  const taken = new Set(calls.map((call) => call.id))
  let id = wanted
  for (let count = 2; taken.has(id); count++) id = `${wanted}_${count}`
  return id
}

interface ToolArguments {
  /** Takes the next piece, gives the one before it where that may leave. */
  push(piece: string): string
  /** At the call's stop: all that was held back. A call without arguments has "{}". */
  end(): string
}

/**
 * The arguments of one call, given out one event late. The piece that closes the JSON, and whatever follows it, is
 * held until the stop: OpenCode runs a call as soon as its arguments parse.
 */
function createToolArguments(): ToolArguments {
  const joiner = createSurrogateJoiner()
  let nesting = OUTSIDE
  let held = ""
  let anything = false
  return {
    push(piece) {
      const text = joiner.push(piece)
      // Some services begin with an empty object, in the place of which the pieces come.
      if (held.trim() === "{}" && text.trimStart().startsWith("{")) [held, nesting] = ["", OUTSIDE]
      const isOpen = nesting.depth > 0
      const leaves = isOpen ? held : ""
      held = isOpen ? text : held + text
      nesting = follow(nesting, text)
      anything ||= text.trim() !== ""
      return leaves
    },
    end: () => (anything ? held + joiner.end() : "{}"),
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING_BRACKET = 0x5b
const CLOSING_BRACKET = 0x5d
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/** How deep in a JSON text we are; `closed` when its outermost object has been closed. */
interface Nesting {
  readonly depth: number
  readonly inString: boolean
  readonly escaped: boolean
  readonly closed: boolean
}

const OUTSIDE: Nesting = { depth: 0, inString: false, escaped: false, closed: false }

function follow(nesting: Nesting, text: string): Nesting {
  let { depth, inString, escaped, closed } = nesting
  for (let index = 0; index < text.length && !closed; index++) {
    const code = text.charCodeAt(index)
    if (escaped) escaped = false
    else if (code === BACKSLASH) escaped = inString
    else if (code === QUOTE) inString = !inString
    else if (inString) continue
    else if (code === OPENING_BRACE || code === OPENING_BRACKET) depth += 1
    else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      depth -= 1
      closed = depth <= 0
    }
  }
  return { depth, inString, escaped, closed }
}
