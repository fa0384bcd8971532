const SECRET = "[secret]"

/** Names of fields whose text is never written, whatever it is. */
const SECRET_FIELD = /token|secret|password|authorization|cookie|api[-_]?key/i

/** The shapes of Kiro's and AWS's credentials, where a text from elsewhere carries one. */
const SECRET_SHAPES = [
  /\bksk_[\w-]{4,}/g,
  /\bao[ar][A-Za-z]?[A-Z0-9][\w+/=:.-]{20,}/g,
  /\beyJ[\w-]{8,}(?:\.[\w-]+)*/g,
  /(?<=\bBearer\s)\S+/gi,
]

/** The look behind makes it linear: no second try begins inside a run of letters that had no `@`. */
const EMAIL = /(?<![\w.+'-])[\w.+'-]+@[\w-]+(?:\.[\w-]+)+/g

/** The text without anything that looks like a credential or an e-mail address. */
export function redactText(text: string): string {
  return SECRET_SHAPES.reduce((rest, shape) => rest.replaceAll(shape, SECRET), text).replaceAll(
    EMAIL,
    "[e-mail]",
  )
}

/** For `JSON.stringify`: errors become their name and message, texts are redacted, secret fields are blanked. */
export function redactField(key: string, value: unknown): unknown {
  if (typeof value === "string") return SECRET_FIELD.test(key) ? SECRET : redactText(value)
  if (typeof value === "bigint") return String(value)
  if (!(value instanceof Error)) return value
  return {
    name: value.name,
    message: value.message,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  }
}
