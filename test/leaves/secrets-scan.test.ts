import assert from "node:assert/strict"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { startFakeKiro } from "../support/fake-kiro/index.ts"
import { needsLinks } from "../support/posix.ts"
import { removeFolder, secretsIn } from "../support/secrets.ts"

describe("the scan for secrets", () => {
  it("knows every secret that the fake service makes up", async () => {
    const fake = await startFakeKiro()
    try {
      for (const kind of ["builder-id", "identity-center", "social", "external-idp"] as const) {
        const { accessToken, refreshToken, client } = fake.account({ kind })
        for (const secret of [accessToken, refreshToken, client.clientSecret])
          assert.equal(secretsIn(`before ${secret} after`).length, 1, `${kind}: ${secret}`)
      }
      assert.equal(secretsIn(fake.account({ kind: "api-key" }).accessToken).length, 1)
    } finally {
      await fake.close()
    }
  })

  it("sees every folder that a test makes", () => {
    const escaping = readdirSync("test", { recursive: true, encoding: "utf8" }).filter(
      (name) =>
        name.endsWith(".ts") &&
        /mkdtemp/.test(readFileSync(join("test", name), "utf8")) &&
        !/removeFolder\(/.test(readFileSync(join("test", name), "utf8")),
    )
    // The soak's is searched by the soak itself, of certificates nothing is to be kept.
    assert.deepEqual(
      escaping.filter((name) => !/^(?:soak|support[/\\]tls)[/\\]/.test(name)),
      [],
    )
  })

  it("finds one in a file that is no store of logins, and names it without giving it away", () => {
    const folder = mkdtempSync(join(tmpdir(), "kiro-scan-"))
    const secret = `ksk_${crypto.randomUUID()}`
    writeFileSync(join(folder, "kiro.db"), secret)
    writeFileSync(join(folder, "kiro.log"), `{"message":"sent ${secret}"}`)
    assert.throws(
      () => removeFolder(folder),
      (error: Error) => error.message.includes("kiro.log: ksk_") && !error.message.includes(secret),
    )
    assert.equal(existsSync(folder), false)
  })

  it("looks into folders, and follows no link out of them", needsLinks, () => {
    const secret = `ksk_${crypto.randomUUID()}`
    const [outside, folder] = ["outside", "scan"].map((name) => mkdtempSync(join(tmpdir(), `kiro-${name}-`)))
    assert.ok(outside !== undefined && folder !== undefined)
    writeFileSync(join(outside, "kiro.log"), secret)
    mkdirSync(join(folder, "inner"))
    symlinkSync(outside, join(folder, "inner", "link"))
    removeFolder(folder)
    assert.equal(existsSync(join(outside, "kiro.log")), true)
    mkdirSync(join(outside, "inner"))
    writeFileSync(join(outside, "inner", "kiro.log"), secret)
    assert.throws(() => removeFolder(outside), /inner.kiro\.log: ksk_/)
  })
})
