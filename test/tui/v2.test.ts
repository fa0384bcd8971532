import assert from "node:assert/strict"
import { describe, it } from "node:test"
import plugin from "../../src/tui/tui.tsx"
import { colourOf, projectOf, startInV2, type V2Context } from "../../src/tui/v2.tsx"
import { eventually } from "../support/clock.ts"

type Claim = { readonly append: string; readonly render: (input: never) => unknown }

interface Stage {
  readonly context: V2Context
  readonly claims: Claim[]
  readonly layers: object[]
  readonly shown: object[]
  /** The titles that are chosen in its dialogs, in turn; then they are left. */
  readonly picks: string[]
  mounted: boolean
}

/** A context that refuses a keymap layer outside a component, as the host does. */
function stage(parts: Partial<V2Context> = {}): Stage {
  const made: Stage = {
    claims: [],
    layers: [],
    shown: [],
    picks: [],
    mounted: false,
    context: {
      location: { directory: "/code/x/src", project: { directory: "/code/x" } },
      keymap: {
        layer(input) {
          if (!made.mounted) throw new Error("Keymap.Provider is missing")
          made.layers.push(input())
        },
      },
      ui: {
        slot: (claim) => void made.claims.push(claim),
        dialog: {
          alert: async () => undefined,
          confirm: async () => false,
          prompt: async () => undefined,
          select: async (options) => {
            made.shown.push(options)
            const picked = made.picks.shift()
            return options.options.find(({ title }) => title === picked)?.value
          },
        },
        toast: { show: (options) => void made.shown.push(options) },
        router: { current: () => ({ type: "session", sessionID: "ses_1" }) },
      },
      ...parts,
    },
  }
  return made
}

/** The plugin's part in OpenCode's server. */
function serverWith(asked: object[]): NonNullable<V2Context["client"]> {
  const board = {
    accounts: [{ id: "a", name: "Far away", enabled: true, state: { reason: "ready" } }],
    session: { credits: 0 },
    today: { credits: 0, lifted: false },
    project: "/far/y",
    problems: [],
  }
  return { rpc: () => ({ board: async (input) => (asked.push(input), board) }) }
}

/** Runs the command until so many dialogs were shown. */
async function runKiro(made: Stage, dialogs: number): Promise<void> {
  startInV2(made.context)
  made.mounted = true
  made.claims[1]?.render({} as never)
  const [layer] = made.layers as { commands: { slash: object; run: () => void }[] }[]
  assert.deepEqual(layer?.commands[0]?.slash, { name: "kiro" })
  layer?.commands[0]?.run()
  await eventually(() => made.shown.length >= dialogs)
}

describe("the part of OpenCode 2's terminal UI", () => {
  it("stands beside OpenCode 1's in one module", () => {
    assert.deepEqual(Object.keys(plugin).toSorted(), ["id", "setup", "tui"])
  })

  it("claims the sidebar, and a slot in which its command may live", async () => {
    const { context, claims, layers, ...rest } = stage()
    const close = startInV2(context)
    assert.deepEqual(
      claims.map(({ append }) => append),
      ["sidebar.content", "app"],
    )
    assert.deepEqual(layers, [])
    const app = claims[1]
    assert.equal(rest.mounted, false)
    assert.equal(app?.render({} as never), null)
    await close()
  })

  it("offers /kiro, which asks the server for what it shows", async () => {
    const asked: object[] = []
    const made = stage({ client: serverWith(asked) })
    await runKiro(made, 1)
    assert.match(JSON.stringify(made.shown), /Far away/)
    assert.match(JSON.stringify(asked), /"sessionId":"ses_1"/)
  })

  it("asks the server's part at the location where it is", async () => {
    const asked: unknown[] = []
    const { rpc } = serverWith([])
    const board = async (input: object, options?: object): Promise<unknown> => {
      asked.push(options)
      return rpc?.({})["board"]?.(input)
    }
    const far = { directory: "/far/y", workspaceID: "wrk_1" }
    const client = { rpc: () => ({ board }) }
    await runKiro(stage({ client, location: far }), 1)
    await runKiro(stage({ client, location: undefined, data: { location: { default: () => far } } }), 1)
    await runKiro(stage({ client, location: undefined }), 1)
    await runKiro(stage({ client, data: { session: { get: () => ({ location: far }) } } }), 1)
    assert.deepEqual(asked, [{ location: far }, { location: far }, {}, { location: far }])
  })

  it("asks a server whose client takes every name for a method", async () => {
    const asked: object[] = []
    const { rpc } = serverWith(asked)
    const unknown = async (): Promise<never> => Promise.reject(new Error("no such method"))
    const client = {
      rpc: () => new Proxy(rpc?.({}) ?? {}, { get: (known, name) => known[String(name)] ?? unknown }),
    }
    await runKiro(stage({ client }), 1)
    assert.match(JSON.stringify(asked), /"sessionId":"ses_1"/)
  })

  it("shows why the server has no profiles to offer", async () => {
    const profiles = async (): Promise<object> => ({ refused: "Far away: its login has ended." })
    const made = stage({ client: { rpc: () => ({ ...serverWith([]).rpc?.({}), profiles }) } })
    made.picks.push("Far away", "Choose a profile")
    await runKiro(made, 3)
    assert.match(JSON.stringify(made.shown[2]), /"message":"Far away: its login has ended\."/)
  })

  it("shows why the server can't look at its accounts, and not those of this computer instead", async () => {
    const made = stage({ client: { rpc: () => ({ board: async () => ({ refused: "The file is away." }) }) } })
    await runKiro(made, 1)
    assert.match(JSON.stringify(made.shown), /"message":"The file is away\."/)
  })

  it("hears from the server how a sign-in ended, from where it was begun, whichever session is open by then", async () => {
    const outcomes = [{ state: "pending" }, { state: "failed", message: "It was denied." }]
    const begun = { url: "https://x.example", instructions: "Code ABCD" }
    const asked: object[] = []
    let directory = "/far/y"
    const hear = (input: object, options?: object): void => {
      asked.push({ ...input, ...options })
      directory = "/far/z"
    }
    const made = stage({
      data: { session: { get: () => ({ location: { directory } }) } },
      client: {
        rpc: () => ({
          ...serverWith([]).rpc?.({}),
          signIn: async (input, options) => (hear(input, options), begun),
          signInOutcome: async (input, options) => (hear(input, options), outcomes.shift()),
        }),
      },
    })
    Object.assign(made.context.ui.dialog, {
      alert: async (words: { message: string }) => {
        made.shown.push(words)
        if (words.message.startsWith("Code")) await new Promise(() => undefined)
      },
    })
    made.picks.push("Sign in to another account", "Google")
    await runKiro(made, 4)
    assert.match(JSON.stringify(made.shown.slice(2)), /Code ABCD.*It was denied\./)
    const [{ attempt }, ...others] = asked as [{ attempt: string }, ...object[]]
    assert.match(attempt, /^[0-9a-f-]{36}$/)
    const there = { attempt, location: { directory: "/far/y" } }
    assert.deepEqual(others, [there, there])
  })

  it("means by a project what its server calls so: the host's own reference names a folder alone", async () => {
    const made = stage({ client: serverWith([]), location: { directory: "/far/y/src" } })
    made.picks.push("Far away")
    await runKiro(made, 2)
    assert.match(JSON.stringify(made.shown[1]), /"description":"\/far\/y"/)
  })

  it("knows the project wherever the host tells it, for the files of this computer", () => {
    const project = { directory: "/trees/one", canonical: "/code/y" }
    const location = { directory: "/trees/one/src", project }
    const known = { directory: "/trees/one/src", worktree: "/trees/one", mainWorktree: "/code/y" }
    assert.deepEqual(projectOf(stage({ location }).context), known)
    const data = { location: { default: () => location } }
    assert.deepEqual(projectOf(stage({ data, location: () => ({ directory: "/not/read" }) }).context), known)
    const folder = { directory: "/code/y/src", worktree: "/code/y/src" }
    assert.deepEqual(projectOf(stage({ location: { directory: "/code/y/src" } }).context), folder)
  })

  it("never throws, whatever the host lacks", async () => {
    const close = startInV2({} as V2Context)
    await close()
    const throws = (): never => {
      throw new Error("not in this version")
    }
    await startInV2(new Proxy({} as V2Context, { get: throws }))()
    const made = stage()
    made.mounted = true
    for (const name of ["location", "data", "options", "client", "theme", "renderer"])
      Object.defineProperty(made.context, name, { get: throws })
    Object.assign(made.context.ui, { router: { current: throws }, dialog: { select: throws } })
    const end = startInV2(made.context)
    made.claims[1]?.render({} as never)
    const [layer] = made.layers as { commands: { run: () => void }[] }[]
    layer?.commands[0]?.run()
    await eventually(() => made.shown.length > 0)
    assert.match(JSON.stringify(made.shown), /not in this version/)
    await end()
  })

  it("reads the tokens of new and old themes", () => {
    const old = {
      text: { default: "#111111", subdued: "#222222", feedback: { error: { default: "#333333" } } },
    }
    assert.equal(colourOf({ theme: old }, "muted"), "#222222")
    assert.equal(colourOf({ theme: old }, "error"), "#333333")
    assert.equal(colourOf({ theme: old }, "warning"), "#111111")
    const recent = { text: { base: "#444444", muted: "#555555", feedback: { warning: { base: "#666666" } } } }
    assert.deepEqual(
      (["title", "muted", "warning"] as const).map((tone) => colourOf({ theme: recent }, tone)),
      ["#444444", "#555555", "#666666"],
    )
    assert.equal(colourOf({}, "text"), "#c0c0c0")
  })
})
