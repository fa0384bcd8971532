interface SurrogateJoiner {
  push(text: string): string
  /** A half that never got its other half can't be written as UTF-8: it becomes U+FFFD. */
  end(): string
}

/** Passes text on, but holds a character's first half until its second half has come. */
export function createSurrogateJoiner(): SurrogateJoiner {
  let half = ""
  return {
    push(text) {
      if (text === "") return ""
      const whole = half === "" ? text : half + text
      half = endsInHighSurrogate(whole) ? whole.slice(-1) : ""
      return (half === "" ? whole : whole.slice(0, -1)).toWellFormed()
    },
    end() {
      const rest = half
      half = ""
      return rest === "" ? "" : "\uFFFD"
    },
  }
}

function endsInHighSurrogate(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
