import assert from "node:assert/strict"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "node:test"
import { moveAgainWhileHeld } from "../../src/settings/files.ts"
import { readSmallFile } from "../../src/settings/index.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

/** A move that is refused so often before it is made, and how often it was asked for. */
async function refused(times: number, code: string, platform: string): Promise<number> {
  let asked = 0
  const move = async (): Promise<void> => {
    asked += 1
    if (asked <= times) throw Object.assign(new Error(code), { code })
  }
  await moveAgainWhileHeld(move, platform).catch((error: unknown) =>
    assert.equal((error as Error).message, code),
  )
  return asked
}

describe("a file that is moved over another", () => {
  it("is moved again in a moment where Windows says that another program has it open", async () => {
    for (const code of ["EBUSY", "EPERM", "EACCES"]) assert.equal(await refused(2, code, "win32"), 3)
  })

  it("is given up on where the other program keeps it", async () => {
    assert.equal(await refused(1000, "EBUSY", "win32"), 8)
  })

  it("is not moved again where the error stays: another one, or another system", async () => {
    assert.equal(await refused(1, "ENOSPC", "win32"), 1)
    assert.equal(await refused(1, "EACCES", "linux"), 1)
  })
})

describe("a small file", () => {
  const file = join(temporaryFolder(), "Jürgen.json")

  it("is read without the mark that programs of Windows put before its text", () => {
    const text = '{ "name": "Jürgen" }\r\n'
    writeFileSync(file, `\uFEFF${text}`)
    assert.deepEqual(readSmallFile(file), { state: "text", text })
  })

  it("is named as what it is where PowerShell wrote it in UTF-16", () => {
    writeFileSync(file, Buffer.from("\uFEFF{}", "utf16le"))
    assert.deepEqual(readSmallFile(file), { state: "failed", message: "is in UTF-16: save it as UTF-8" })
  })
})
