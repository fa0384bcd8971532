const PLACEHOLDER = "[secret]"

/**
 * A text that can't be printed, serialised or interpolated by accident: every way of turning it into text but
 * `reveal()` gives a placeholder. Every token, client secret and API key lives in one.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself. Call it only where the text leaves for its own service or its own store. */
  reveal(): string {
    return this.#text
  }

  equals(other: Secret): boolean {
    return this.#text === other.#text
  }

  toString(): string {
    return PLACEHOLDER
  }

  toJSON(): string {
    return PLACEHOLDER
  }

  [Symbol.toPrimitive](): string {
    return PLACEHOLDER
  }
}
