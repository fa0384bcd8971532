import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import type { AccountAct, Board } from "../../src/host/index.ts"
import type { NewSignIn, SignedIn } from "../../src/login/index.ts"
import { type Desk, type Dialogs, manageAccounts, type Where } from "../../src/tui/manage.ts"

const BOARD: Board = {
  accounts: [
    { id: "a", name: "Builder ID ··a1b2", enabled: true, state: { reason: "ready" } },
    { id: "b", name: "Work", enabled: false, state: { reason: "disabled" } },
  ],
  session: { credits: 0 },
  today: { credits: 9, lifted: false, budget: 10 },
  project: "/code/x",
  problems: ["toasts in kiro.json must be true or false; it is ignored."],
}

const LOST: Board["accounts"][number] = {
  id: "c",
  name: "Google ··c0de",
  enabled: true,
  state: { reason: "login-expired" },
  remedy: "Sign in again: /connect.",
}

/** Answers by the titles of the options; a text for a prompt; `true` for a confirmation. */
async function walk(
  answers: readonly (string | true)[],
  desk: Partial<Desk> = {},
  where: Partial<Where> = {},
) {
  const left = [...answers]
  const shown: string[] = []
  const toasts: string[] = []
  const acts: AccountAct[] = []
  const begun: NewSignIn[] = []
  const dialogs: Dialogs = {
    async select({ title, options }) {
      shown.push(`${title}: ${options.map((option) => option.title).join(", ")}`)
      const wanted = left.shift()
      return options.find((option) => option.title === wanted)?.value
    },
    async prompt() {
      const typed = left.shift()
      return typeof typed === "string" ? typed : undefined
    },
    confirm: async () => left.shift() === true,
    async alert({ message }) {
      shown.push(message)
      if (message.endsWith(PENDING)) await new Promise(() => undefined)
    },
    toast(message) {
      shown.push(message)
      toasts.push(message)
    },
  }
  await manageAccounts({
    dialogs,
    desk: {
      board: async () => BOARD,
      async act(act) {
        acts.push(act)
        return { outcome: "done", message: "done" }
      },
      profiles: async () => [],
      async signIn(wanted) {
        begun.push(wanted)
        return { url: "https://x.example", instructions: "Code ABCD" }
      },
      signInAgain: async () => ({ url: "https://x.example", instructions: "Code ABCD" }),
      ...desk,
    },
    where: { sessionId: "ses_1", turnStarts: [9, 4], ...where },
    view: () => ({ now: 0, showEmail: false }),
  })
  return { shown, toasts, acts, begun }
}

/** A dialog that shows it at its end is not left. */
const PENDING = "pending"

const ended = (message: string): SignedIn => ({ message, variant: "success", accountId: "c" })

describe("/kiro", () => {
  it("lists the accounts, and what else there is to do", async () => {
    const { shown, acts } = await walk([])
    assert.deepEqual(shown, [
      "Kiro accounts: Builder ID ··a1b2, Work, Sign in to another account, This session, Lift the credit budget for today, A problem in kiro.json",
    ])
    assert.deepEqual(acts, [])
  })

  it("offers for an account what can be done with it", async () => {
    const { shown } = await walk(["Builder ID ··a1b2"])
    assert.equal(
      shown[1],
      "Builder ID ··a1b2: Use for this session, Use for this project, Details, Rename, Switch off, Sign in again, Choose a profile, Remove",
    )
    const outside = await walk(["Work"], {}, { sessionId: undefined })
    assert.match(outside.shown[1] ?? "", /^Work: Use for this project, Details, Rename, Switch on,/)
    assert.doesNotMatch(outside.shown[0] ?? "", /This session/)
  })

  for (const reason of ["suspended", "held", "resting", "source-away", "api-key-refused"] as const)
    it(`offers to switch on one that its remedy says is used again by that: ${reason}`, async () => {
      const account = { id: "d", name: "Google ··d00d", enabled: true, state: { reason } } as const
      const board = async (): Promise<Board> => ({ ...BOARD, accounts: [account] })
      const { shown, acts } = await walk(["Google ··d00d", "Switch on"], { board })
      assert.match(shown[1] ?? "", /Rename, Switch on, Switch off, Sign in again/)
      assert.deepEqual(acts, [{ act: "enable", account: "d" }])
    })

  it("tells without a sidebar what one would, and of an account what helps it", async () => {
    const asked: unknown[] = []
    const board = async (...question: unknown[]): Promise<Board> => ({
      ...(asked.push(question), BOARD),
      accounts: [{ ...LOST, name: "An account with a name that no dialog has room for in its title" }],
      session: { accountId: "c", credits: 12.5, lastTurnCredits: 1.25 },
    })
    const session = await walk(["This session"], { board })
    assert.deepEqual(asked, [["ses_1", [9, 4]]])
    assert.match(
      session.shown.at(-1) ?? "",
      /Login needed\n[^]*\nLast turn 1\.25, session 12\.50\nToday 9\.00 of/,
    )
    const row = "An account with a name that…"
    const { shown } = await walk([row, "Details"], { board })
    assert.match(shown[1] ?? "", /^An account with a name that no dialog h…: /)
    assert.equal(shown.at(-1), "Kiro\nLogin needed\nCredits not known yet\n\nSign in again: /connect.")
  })

  for (const [answers, act] of [
    [["Use for this session"], { act: "use-for-session", account: "a", sessionId: "ses_1" }],
    [["Use for this project"], { act: "use-for-project", account: "a", project: "/code/x" }],
    [["Rename", "Mine"], { act: "rename", account: "a", name: "Mine" }],
    // Its own name comes back.
    [["Rename", ""], { act: "rename", account: "a", name: "" }],
    [["Switch off"], { act: "disable", account: "a" }],
    [["Remove", true], { act: "remove", account: "a" }],
  ] as const)
    it(`does what was chosen: ${answers.join(" ")}`, async () => {
      const { acts, shown } = await walk(["Builder ID ··a1b2", ...answers])
      assert.deepEqual(acts, [act])
      assert.equal(shown.at(-1), "done")
    })

  it("renames nothing where the dialog was left, and lifts no budget twice", async () => {
    assert.deepEqual((await walk(["Builder ID ··a1b2", "Rename"])).acts, [])
    const today = { ...BOARD.today, lifted: true }
    const { shown } = await walk([], { board: async () => ({ ...BOARD, today }) })
    assert.doesNotMatch(shown[0] ?? "", /Lift/)
  })

  it("removes nothing that was not confirmed", async () => {
    assert.deepEqual((await walk(["Builder ID ··a1b2", "Remove"])).acts, [])
  })

  it("lifts the budget, and shows a problem", async () => {
    assert.deepEqual((await walk(["Lift the credit budget for today"])).acts, [{ act: "lift-budget" }])
    assert.equal((await walk(["A problem in kiro.json"])).shown.at(-1), BOARD.problems[0])
  })

  for (const [answers, wanted] of [
    [["AWS Builder ID"], { method: "aws", answers: { start_url: "builder-id" } }],
    [
      ["IAM Identity Center", "d-1234567890", "eu-north-1"],
      { method: "aws", answers: { start_url: "d-1234567890", login_region: "eu-north-1" } },
    ],
    [["Google"], { method: "social", answers: { provider: "Google" } }],
    [["GitHub"], { method: "social", answers: { provider: "Github" } }],
    [["Import from kiro-cli or Kiro IDE"], { method: "import", answers: {} }],
    [["API key", "ksk_1"], { method: "api-key", answers: { api_key: "ksk_1" } }],
  ] as const)
    it(`signs in to another account: ${answers[0]}`, async () => {
      const { begun, shown } = await walk(["Sign in to another account", ...answers])
      assert.deepEqual(begun, [wanted])
      assert.equal(shown.at(-1), "Code ABCD\n\nhttps://x.example")
    })

  it("begins no sign-in that its user leaves, and tells the result alone where there is nothing to approve", async () => {
    for (const answers of [[], ["IAM Identity Center"], ["IAM Identity Center", "d-1"], ["API key"]])
      assert.deepEqual((await walk(["Sign in to another account", ...answers])).begun, [])
    const { shown } = await walk(["Sign in to another account", "Import from kiro-cli or Kiro IDE"], {
      signIn: async () => ({ url: "", instructions: "found", done: Promise.resolve(ended("Google: added")) }),
    })
    assert.deepEqual(shown.slice(2), ["Google: added"])
  })

  it("shows code and page of a sign-in, and what came of it", async () => {
    const done = Promise.resolve(ended("Signed in."))
    const { shown } = await walk(["Work", "Sign in again"], {
      signInAgain: async () => ({ url: "https://x.example", instructions: "Code ABCD", done }),
    })
    assert.ok(shown.includes("Code ABCD\n\nhttps://x.example"))
    assert.ok(shown.includes("Signed in."))
  })

  it("puts what came of a sign-in in the place of its dialog, and offers the profiles to choose from", async () => {
    const accounts = [{ ...LOST, state: { reason: "profile-choice" } as const }]
    const { shown, acts } = await walk(["Sign in to another account", "Google", "Team"], {
      board: async () => ({ ...BOARD, accounts }),
      profiles: async () => [{ arn: "arn:1", name: "Team", region: "us-east-1" }],
      signIn: async () => ({
        url: PENDING,
        instructions: "Code ABCD",
        done: sleep(5).then(() => ended("In.")),
      }),
    })
    assert.deepEqual(shown.slice(2), [
      "Code ABCD\n\npending",
      "In.",
      "Profile of Google ··c0de: Team",
      "done",
    ])
    assert.deepEqual(acts, [{ act: "choose-profile", account: "c", profileArn: "arn:1" }])
  })

  it("asks for no profile behind a sign-in that needs none chosen", async () => {
    const asked: string[] = []
    const accounts = [{ ...LOST, state: { reason: "ready" } as const }]
    await walk(["Sign in to another account", "Google"], {
      board: async () => ({ ...BOARD, accounts }),
      profiles: async (account) => (asked.push(account), []),
      signIn: async () => ({ url: PENDING, instructions: "", done: sleep(5).then(() => ended("In.")) }),
    })
    assert.deepEqual(asked, [])
  })

  it("tells by a toast what came of a sign-in whose dialog was left", async () => {
    const signIn = (done: Promise<SignedIn>) =>
      walk(["Sign in to another account", "Google"], {
        signIn: async () => ({ url: "https://x.example", instructions: "Code ABCD", done }),
      })
    const { toasts } = await signIn(sleep(5).then(() => ended("In.")))
    assert.deepEqual(toasts, ["In."])
    const denied = await signIn(sleep(5).then(() => Promise.reject(new Error("The sign-in was denied."))))
    assert.deepEqual(denied.toasts, ["The sign-in was denied."])
  })

  it("offers the profiles that there are", async () => {
    const profiles = async () => [{ arn: "arn:1", name: "Team", region: "us-east-1" }]
    const { acts } = await walk(["Work", "Choose a profile", "Team"], { profiles })
    assert.deepEqual(acts, [{ act: "choose-profile", account: "b", profileArn: "arn:1" }])
  })

  it("tells what went wrong, and never rejects", async () => {
    const { shown } = await walk([], { board: () => Promise.reject(new Error("the file is away")) })
    assert.deepEqual(shown, ["the file is away"])
  })
})
