/** Below it a number counts seconds, above it milliseconds (1e11 ms is 1973, 1e11 s is the year 5138). */
const SECONDS_BELOW = 1e11

/**
 * An instant as other programs write one: RFC 3339 text with any offset and 0 to 9 digits of fraction, epoch
 * seconds or epoch milliseconds, as a number or as text. Epoch ms, or `undefined` where it is none of these.
 */
export function readInstant(value: unknown): number | undefined {
  if (typeof value === "number") return fromNumber(value)
  if (typeof value !== "string" || value.trim() === "") return undefined
  const text = value.trim()
  if (/^\d+(?:\.\d+)?$/.test(text)) return fromNumber(Number(text))
  // Date.parse takes three digits of fraction everywhere; more only by the engine's leave.
  const instant = Date.parse(text.replace(/(\.\d{3})\d+/, "$1").replace(/^(\d{4}-\d\d-\d\d) /, "$1T"))
  return Number.isFinite(instant) ? instant : undefined
}

function fromNumber(value: number): number | undefined {
  if (!Number.isFinite(value) || value <= 0) return undefined
  return value < SECONDS_BELOW ? Math.round(value * 1000) : Math.round(value)
}

/** `instant` (epoch ms) in the format of `previous`: the same unit, the same digits of fraction, the same UTC mark. */
export function writeInstant(instant: number, previous: unknown): string | number {
  if (typeof previous === "number") return previous < SECONDS_BELOW ? Math.floor(instant / 1000) : instant
  const text = typeof previous === "string" ? previous.trim() : ""
  if (/^\d+$/.test(text)) return String(writeInstant(instant, Number(text)))
  const iso = new Date(instant).toISOString()
  if (text === "") return iso
  const digits = /\.(\d+)/.exec(text)?.[1]?.length ?? 0
  const fraction = digits === 0 ? "" : `.${iso.slice(20, 23).padEnd(digits, "0").slice(0, digits)}`
  return `${iso.slice(0, 19)}${fraction}${text.endsWith("+00:00") ? "+00:00" : "Z"}`
}
