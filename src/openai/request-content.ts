/** The content of a message, in any of the forms that callers give it. */

import { isObject, stringField } from "../json.ts"
import type { JsonObject } from "../json.ts"

export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  /** A data URL, a link, or a file id: what it really holds is judged by its bytes, later. */
  | { readonly type: "media"; readonly url: string; readonly filename?: string }

/** Text, a list of parts, nothing, or a bare value, whose JSON text is then the content. */
export function readContent(content: unknown): ContentPart[] {
  if (content === undefined || content === null) return []
  return Array.isArray(content) ? content.flatMap(readPart) : readPart(content)
}

function readPart(part: unknown): ContentPart[] {
  if (part === undefined || part === null) return []
  if (typeof part === "string") return [text(part)]
  if (!isObject(part)) return [text(JSON.stringify(part))]
  const media = readMedia(part)
  if (media !== undefined) return [media]
  const own = part["text"] ?? part["refusal"]
  return [text(typeof own === "string" ? own : JSON.stringify(part))]
}

function text(value: string): ContentPart {
  return { type: "text", text: value.toWellFormed() }
}

function readMedia(part: JsonObject): ContentPart | undefined {
  switch (part["type"]) {
    case "image_url":
      return readImageUrl(part["image_url"])
    case "file":
      return isObject(part["file"]) ? readFile(part["file"]) : undefined
    case "input_audio":
      return isObject(part["input_audio"]) ? readAudio(part["input_audio"]) : undefined
    default:
      return undefined
  }
}

function readImageUrl(image: unknown): ContentPart | undefined {
  const url = isObject(image) ? image["url"] : image
  return typeof url === "string" ? { type: "media", url } : undefined
}

/** `file_data` is a data URL, or the base64 text alone. */
function readFile(file: JsonObject): ContentPart | undefined {
  const filename = stringField(file, "filename")?.toWellFormed()
  const named = filename === undefined ? {} : { filename }
  const data = stringField(file, "file_data")
  if (data === undefined) {
    const id = stringField(file, "file_id")
    return id === undefined ? undefined : { type: "media", url: id, ...named }
  }
  return { type: "media", url: /^[a-z]+:/i.test(data) ? data : `data:;base64,${data}`, ...named }
}

function readAudio(audio: JsonObject): ContentPart | undefined {
  const data = stringField(audio, "data")
  if (data === undefined) return undefined
  return { type: "media", url: `data:audio/${stringField(audio, "format") ?? "wav"};base64,${data}` }
}
