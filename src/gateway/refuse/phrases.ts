const LONGEST_QUOTE = 200

/** The service's own short message, without user ids, e-mail addresses and control characters; "" where it said nothing. */
export function quote(message: string): string {
  const words = message
    .replaceAll(/[^\s<>()"']+@[^\s<>()"']+/g, "…")
    .replaceAll(/\((?=[^)]*\d)[^\s)]{12,}\)/g, "(…)")
    .replaceAll(/[\s\p{Cc}]+/gu, " ")
    .trim()
  if (words === "") return ""
  return `“${words.length > LONGEST_QUOTE ? `${words.slice(0, LONGEST_QUOTE)}…` : words}”`
}

const MINUTE_MS = 60_000

/** "in 40 seconds", "in 5 minutes", "on 1 Dec 2026, 00:00 UTC". Both in epoch ms. */
export function instant(at: number, now: number): string {
  const wait = at - now
  if (wait <= 1000) return "in a second"
  if (wait <= 1.5 * MINUTE_MS) return `in ${Math.ceil(wait / 1000)} seconds`
  if (wait <= 120 * MINUTE_MS) return `in ${Math.ceil(wait / MINUTE_MS)} minutes`
  // "Tue, 01 Dec 2026 00:00:00 GMT", the same on every computer.
  const [, day, month, year, time = ""] = new Date(at).toUTCString().split(" ")
  return `on ${Number(day)} ${month} ${year}, ${time.slice(0, 5)} UTC`
}
