/** `12.37 / 50.00` */
export function credits({ used, limit }: { readonly used: number; readonly limit: number }): string {
  return `${used.toFixed(2)} / ${limit.toFixed(2)}`
}

export function day(at: number): string {
  return new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" }).format(at)
}

/** The time where it is today, else day and time. */
export function moment(at: number, now: number): string {
  const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(at)
  return new Date(at).toDateString() === new Date(now).toDateString() ? time : `${day(at)} ${time}`
}
