/** Far more than any answer of the services that is no stream, in bytes: a model list is some tens of kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024

/**
 * The text of a response's body, cut where it is longer than four megabytes: nothing on the way can fill the memory,
 * also not by a small body that unpacks to a large one. Rejects as the body's stream does.
 */
export async function readBody({ body }: Response): Promise<string> {
  if (body === null) return ""
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  for (let bytes = 0; bytes <= MOST_BYTES;) {
    const { value } = await reader.read()
    if (value === undefined) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
    bytes += value.byteLength
  }
  await reader.cancel()
  return text
}
