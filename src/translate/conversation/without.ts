/** What a service that refused a part of a request is sent next: the same conversation without it. */

import { createHash } from "node:crypto"
import type { Conversation, Medium, Turn, UserPart } from "./conversation.ts"
import { documentAsText, withoutMedium } from "./media.ts"
import { withoutReasoning } from "./reasoning.ts"

/** Without any reasoning, where a signature was refused. */
export function withoutSignatures(conversation: Conversation): Conversation {
  return { ...conversation, turns: conversation.turns.map(withoutReasoning) }
}

/** For a model that takes no documents: their text where they are text files, else a word about them. */
export function withoutDocuments(conversation: Conversation): Conversation {
  return mapParts(conversation, (part) => (part.type === "document" ? documentAsText(part) : part))
}

/** For a service that refused an image, without saying which. */
export function withoutImages(conversation: Conversation): Conversation {
  return mapParts(conversation, (part) => (part.type === "image" ? refused(part) : part))
}

/** `messages.3.content.1`: a message, and a block of it or none (NaN). */
export interface BlockPlace {
  readonly message: number
  readonly block?: number
}

/**
 * The media that a refusal means, named by the hash of their bytes: those in these places, or of their messages where
 * the block is another; where none of them has some of this type, those of the newest message that has. What stood in
 * older messages was taken before.
 */
export function refusedMedia(
  { turns }: Conversation,
  { type, places = [] }: { readonly type: Medium["type"]; readonly places?: readonly BlockPlace[] },
): readonly string[] {
  const named = places.flatMap(({ message, block = NaN }) => {
    const ofMessage = ofType(turns[message], type)
    return ofMessage[block - blocksBefore(turns[message], type)] ?? ofMessage
  })
  const newest = turns.findLast((turn) => ofType(turn, type).length > 0)
  const media = named.length > 0 ? named : ofType(newest, type)
  return [...new Set(media.flatMap(hashOf))]
}

function ofType(turn: Turn | undefined, type: Medium["type"]): readonly UserPart[] {
  return turn?.role === "user" ? turn.parts.filter((part) => part.type === type) : []
}

/** On the wire stand first what tools returned, then words, without which no medium goes, then images. */
function blocksBefore(turn: Turn | undefined, type: Medium["type"]): number {
  const results = turn?.role === "user" ? turn.results.length : 0
  return results + 1 + (type === "document" ? ofType(turn, "image").length : 0)
}

/** Without the media that these hashes name, wherever they stand: the next requests of the session leave them out too. */
export function withoutMedia(conversation: Conversation, hashes: ReadonlySet<string>): Conversation {
  if (hashes.size === 0) return conversation
  return mapParts(conversation, (part) =>
    part.type !== "text" && hashOf(part).every((hash) => hashes.has(hash)) ? refused(part) : part,
  )
}

/** `tools.3`, `tools[3]`; in the paths of AWS' own checks, `tools.3.member`, the first is 1. */
const BY_PLACE = /\btools(?:\.|\[)(\d+)\b(\.member\b)?/g
/** `Invalid tool name: fetch`, `function 'fetch'`. */
const BY_NAME = /(?:\btool(?: name)?:? |["'`“])([A-Za-z][A-Za-z0-9_-]*)/gi

/**
 * The tools that a refusal means, by the names that OpenCode knows: those of these places in the list that was sent, else
 * the first that it calls by its name: what it quotes behind that may be the tool's own words.
 */
export function refusedTools({ tools, toolNames }: Conversation, message: string): readonly string[] {
  const placed = [...message.matchAll(BY_PLACE)].flatMap(
    ([, place, fromOne]) => tools[Number(place) - (fromOne === undefined ? 0 : 1)] ?? [],
  )
  const called = [...message.matchAll(BY_NAME)].flatMap(
    ([, word]) => tools.find(({ name }) => name === word) ?? [],
  )
  const meant = placed.length > 0 ? placed : called.slice(0, 1)
  return meant.map(({ name }) => toolNames.get(name) ?? name)
}

/** All tools of the MCP server that brought this one, or the tool alone: OpenCode calls them `<server>_<tool>`. */
export function toolsOfServer(conversation: Conversation, name: string): readonly string[] {
  const server = /^mcp__[^_]+(?:_[^_]+)*__|^[^_]+_/.exec(name)?.[0]
  return server === undefined ? [name] : allTools(conversation).filter((other) => other.startsWith(server))
}

/** By the names that OpenCode knows. */
export function allTools({ tools, toolNames }: Conversation): readonly string[] {
  return tools.map(({ name }) => toolNames.get(name) ?? name)
}

/**
 * Without the declarations of these tools, under the names that OpenCode knows. One that the conversation has used
 * keeps its name and an empty schema: its uses stand in the history.
 */
export function withoutTools(conversation: Conversation, names: ReadonlySet<string>): Conversation {
  const { tools, toolNames } = conversation
  const kept = tools.filter(({ name }) => !names.has(toolNames.get(name) ?? name))
  return kept.length === tools.length ? conversation : { ...conversation, tools: kept }
}

function refused(part: Medium): UserPart {
  return withoutMedium(part, "the service refused it")
}

function hashOf(part: UserPart): string[] {
  return part.type === "text" ? [] : [createHash("sha256").update(part.bytes).digest("hex")]
}

function mapParts(conversation: Conversation, change: (part: UserPart) => UserPart): Conversation {
  const turns = conversation.turns.map((turn) =>
    turn.role === "user" ? { ...turn, parts: turn.parts.map(change) } : turn,
  )
  return { ...conversation, turns }
}
