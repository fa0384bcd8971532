import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import * as fc from "fast-check"
import { databasesInMemory } from "../support/databases-in-memory.ts"
import { removeFolder } from "../support/secrets.ts"
import { sequences } from "./people-steps.ts"
import { World } from "./people-world.ts"
import { casesOf, USUAL_SEQUENCES } from "./runs.ts"

/** In memory where that is offered: each step is a dozen writes that wait for the disk. */
const SCRATCH = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

describe("people, kiro-cli, the IDE, keys and two OpenCodes in any order of events", () => {
  const folder = mkdtempSync(join(SCRATCH, "kiro-fuzz-"))
  after(() => removeFolder(folder))
  const anyOrder = async (runs: number, inMemory: boolean): Promise<void> => {
    const databases = inMemory ? await databasesInMemory() : undefined
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const world = new World(folder, databases?.driver)
        try {
          await world.live(sequence)
        } finally {
          await world.end()
          databases?.empty()
        }
      }),
      casesOf(runs),
    )
  }

  it(
    "never mix, lose nobody's last working refresh token, and send no superseded one whose successor is there",
    { timeout: 2 ** 31 - 1 },
    () => anyOrder(USUAL_SEQUENCES, true),
  )

  it("do the same where every database is a file", { timeout: 2 ** 31 - 1 }, () => anyOrder(20, false))
})
