import { styleText } from "node:util"

/** How the demo looks: quiet labels, loud content. */

const LABEL_WIDTH = 32

export interface Print {
  /** The model's words, as they arrive. */
  words(text: string): void
  /** A line of its own about a tool. */
  tool(line: string): void
}

export const printer: Print = {
  words: (text) => void process.stdout.write(text),
  tool: (line) => process.stdout.write(`\n      ${styleText("yellow", `⚙ ${line}`)}\n      `),
}

export function heading(who: string, text: string): void {
  console.log(`\n${styleText(["bold", "cyan"], who)}  ${text}\n`)
  process.stdout.write(styleText(["bold", "magenta"], "kiro  "))
}

export function note(label: string, text: string): void {
  const lines = text.split("\n").join(`\n${" ".repeat(LABEL_WIDTH)}`)
  console.log(styleText("dim", label.padEnd(LABEL_WIDTH)) + lines)
}

/** The content of a file that was written. */
export function quote(title: string, content: string): void {
  console.log(`\n\n${styleText("bold", title)}`)
  for (const line of content.trimEnd().split("\n")) console.log(`  │ ${line}`)
  console.log()
}

export function success(text: string): void {
  console.log(`\n${styleText(["bold", "green"], `✔ ${text}`)}`)
}
