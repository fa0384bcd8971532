/** The body is not a chat request that can be sent on. The gateway answers it with status 400. */
export class ChatRequestError extends Error {
  override readonly name = "ChatRequestError"
  /** The path of the field at fault, such as `messages[3].role`. */
  readonly field: string

  constructor(field: string, problem: string) {
    super(`${field} ${problem}`)
    this.field = field
  }
}

/** OpenCode 1.18 repeats a request whose error text holds one of these numbers, whatever its status. */
const RETRIED_NUMBERS = /429|50[0234]|524/

/** `list[index]`, or `list[]` where the index would read like a status that OpenCode repeats on. */
export function elementField(list: string, index: number): string {
  return RETRIED_NUMBERS.test(String(index)) ? `${list}[]` : `${list}[${index}]`
}
