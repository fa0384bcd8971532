import { testRender } from "@opentui/solid"
import { createSignal } from "solid-js"
import type { Board } from "../../src/host/index.ts"
import { Panel } from "../../src/tui/panel.tsx"

type Answer = Board | Error | Promise<Board>

const boardOf = (name: string): Board => ({
  accounts: [{ id: "a", name, enabled: true, state: { reason: "ready" } }],
  session: { credits: 0 },
  today: { credits: 0, lifted: false },
  project: "/code/x",
  problems: [],
})

/**
 * The panel on a real screen, with the Solid of a browser, which is the one that follows signals. What stands there
 * after each step of a scene is printed as JSON.
 */
async function stage(answers: Record<string, Answer>) {
  const [sessionId, open] = createSignal("one")
  const [isKiro, setKiro] = createSignal(true)
  let turnEnded: () => void = () => undefined
  const panel = () =>
    Panel({
      sessionId,
      isKiro,
      turnStarts: () => [],
      onTurn(ended) {
        turnEnded = ended
        return () => undefined
      },
      async board(id) {
        const answer = await answers[id]
        if (answer === undefined || answer instanceof Error) throw answer
        return answer
      },
      view: () => ({ now: 0, showEmail: false }),
      colour: () => "#ffffff",
    })
  const screen = await testRender(panel, { width: 60, height: 6 })
  return {
    open,
    setKiro,
    endTurn: () => turnEnded(),
    close: () => screen.renderer.destroy(),
    async shown(): Promise<string> {
      await new Promise(setImmediate)
      await screen.renderOnce()
      return screen.captureCharFrame().trim()
    },
  }
}

async function failedLook(): Promise<readonly string[]> {
  const answers: Record<string, Answer> = { one: boardOf("First"), two: new Error("it is busy") }
  const { shown, endTurn, open, close } = await stage(answers)
  const before = await shown()
  answers["one"] = new Error("it is busy")
  endTurn()
  const after = await shown()
  open("two")
  const frames = [before, after, await shown()]
  close()
  return frames
}

async function lateAnswer(): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<Board>()
  const { shown, open, close } = await stage({ one: promise, two: boardOf("Second") })
  const before = await shown()
  open("two")
  const opened = await shown()
  resolve(boardOf("First"))
  const frames = [before, opened, await shown()]
  close()
  return frames
}

async function otherModel(): Promise<readonly string[]> {
  const { shown, setKiro, close } = await stage({ one: boardOf("First") })
  const before = await shown()
  setKiro(false)
  const frames = [before, await shown()]
  close()
  return frames
}

const scenes = { failedLook, lateAnswer, otherModel }
const scene = Object.entries(scenes).find(([name]) => name === process.argv[2])?.[1]
console.log(JSON.stringify(await scene?.()))
