import assert from "node:assert/strict"
import { once } from "node:events"
import { closeSync, openSync } from "node:fs"
import {
  type AccountStore,
  newAccount,
  type Notice,
  openAccountStore,
  openDatabase,
  selectAccount,
} from "../../src/accounts/index.ts"
import { writeModelsFile } from "../../src/gateway/control/models.ts"
import { silentLog, systemClock } from "../../src/runtime.ts"
import type { SelectionStrategy } from "../../src/settings/index.ts"
import { patientClock } from "../support/clock.ts"
import { addTurn } from "../support/add-turn.ts"

/** What another process does to the file, given as JSON in its first argument; it says on stdout when it has begun. */
export type Task =
  | {
      /** Until its stdin ends. */
      readonly do: "hold-lock"
      readonly path: string
    }
  /** Has no file left to open while it writes, for a moment. */
  | { readonly do: "run-out-of-handles"; readonly path: string }
  | { readonly do: "count"; readonly path: string; readonly id: string; readonly times: number }
  | {
      readonly do: "converse"
      readonly path: string
      readonly strategy: SelectionStrategy
      readonly sessions: readonly string[]
      /** What each conversation costs at its account. */
      readonly credits: number
    }
  | {
      readonly do: "list-model"
      readonly path: string
      readonly accountId: string
      readonly modelId: string
      /** kiro-models.json. */
      readonly modelsPath: string
    }

const argument = process.argv[2]
if (argument !== undefined) await perform(JSON.parse(argument) as Task)

async function perform(task: Task): Promise<void> {
  switch (task.do) {
    case "hold-lock":
      return await holdLock(task.path)
    case "run-out-of-handles":
      return await withStore(task.path, addWithoutHandles)
    case "count":
      return await withStore(task.path, async (store) => {
        for (let time = 0; time < task.times; time += 1)
          await store.update(task.id, (account) => ({ ...account, assignment: account.assignment + 1 }))
      })
    case "converse":
      return await withStore(task.path, (store) => converse(store, task))
    case "list-model":
      return await withStore(task.path, (store) => listModel(store, task))
    default: {
      const never: never = task
      return never
    }
  }
}

async function holdLock(path: string): Promise<void> {
  const database = await openDatabase(path)
  database.run("BEGIN IMMEDIATE")
  process.stdout.write("begun\n")
  await once(process.stdin.resume(), "end")
  database.run("COMMIT")
  database.close()
}

async function addWithoutHandles(store: AccountStore): Promise<void> {
  const handles: number[] = []
  assert.throws(() => {
    while (true) handles.push(openSync(process.execPath, "r"))
  }, /EMFILE/)
  const adding = store.add(newAccount({ id: "late", now: 0, logins: [] }))
  await systemClock.sleep(50)
  handles.forEach((handle) => closeSync(handle))
  await adding
  assert.equal(store.kept, "file")
}

async function converse(store: AccountStore, task: Extract<Task, { do: "converse" }>): Promise<void> {
  for (const sessionId of task.sessions) {
    const choice = await store.assign(sessionId, (state) =>
      selectAccount(state, { strategy: task.strategy, useOverage: true, now: Date.now() }),
    )
    assert.ok(choice.account !== undefined)
    await addTurn(store, { sessionId, accountId: choice.account.id, credits: task.credits, at: Date.now() })
    // Three loops that do nothing but write starve each other on a busy machine; people type in between.
    await systemClock.sleep(5)
  }
}

async function listModel(store: AccountStore, task: Extract<Task, { do: "list-model" }>): Promise<void> {
  const { accountId, modelId, modelsPath: path } = task
  const models = [{ modelId }]
  await store.setModelList({ accountId, serviceRegion: "us-east-1", models, fetchedAt: Date.now() })
  await writeModelsFile({ store, path, unique: crypto.randomUUID() })
}

async function withStore(path: string, action: (store: AccountStore) => Promise<void>): Promise<void> {
  const notify = (notice: Notice): void => void process.stderr.write(`${JSON.stringify(notice)}\n`)
  const store = await openAccountStore({
    path,
    clock: patientClock(),
    log: silentLog,
    random: Math.random,
    notify,
  })
  process.stdout.write("begun\n")
  await action(store)
  await store.close()
}
