/** A long session as OpenCode sends it back: a system prompt, tools, and exchanges full of tool calls. */

const SYSTEM_CHARACTERS = 9_000
const STEPS_PER_EXCHANGE = 10
const ARGUMENTS_CHARACTERS = 600
/** Of a step, without its result: the answer's text, its arguments and what JSON puts around them. */
const STEP_CHARACTERS = 1_200

/** The body of a chat request with about as many messages and characters of JSON as asked. */
export function historyBody({
  messages,
  characters,
}: {
  readonly messages: number
  readonly characters: number
}): string {
  const steps = Math.floor(messages / (2 + 1 / STEPS_PER_EXCHANGE))
  const resultCharacters = Math.max(0, Math.floor(characters / steps) - STEP_CHARACTERS)
  const said: object[] = [{ role: "system", content: prose(SYSTEM_CHARACTERS) }]
  for (let step = 0; step < steps; step++) {
    if (step % STEPS_PER_EXCHANGE === 0) said.push({ role: "user", content: prose(300) })
    said.push(call(step), { role: "tool", tool_call_id: `tooluse_${step}`, content: prose(resultCharacters) })
  }
  said.push({ role: "user", content: "Go on" })
  return JSON.stringify({ model: "claude-sonnet-4-5", messages: said, tools: TOOLS, stream: true })
}

function call(step: number): object {
  const command = JSON.stringify({ command: prose(ARGUMENTS_CHARACTERS), description: "Runs a step" })
  const called = { id: `tooluse_${step}`, type: "function", function: { name: "bash", arguments: command } }
  return { role: "assistant", content: prose(200), tool_calls: [called] }
}

const TOOLS = ["bash", "edit", "glob", "grep", "read", "task", "write"].map((name) => ({
  type: "function",
  function: {
    name,
    description: prose(2_000),
    parameters: { type: "object", properties: { command: { type: "string" } }, required: ["command"] },
  },
}))

/** Source-like text: a line break and a quotation mark now and then, and a letter outside of ASCII. */
function prose(characters: number): string {
  const line = 'const größe = read("a/path/to/a/file.ts")\n'
  return line.repeat(Math.ceil(characters / line.length)).slice(0, characters)
}
