import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { inspect } from "node:util"
import { Secret } from "../../src/secret.ts"

const TEXT = "aoaAAAAAGvery-secret"

describe("a secret", () => {
  const secret = new Secret(TEXT)

  it("gives its text only when asked to reveal it", () => {
    assert.equal(secret.reveal(), TEXT)
  })

  it("never shows its text where it is printed, serialised, interpolated, joined or listed", () => {
    const prints = [
      `${secret}`,
      String(secret),
      `token: ${String(secret)}`,
      [secret].join(),
      JSON.stringify({ secret }),
      inspect({ secret }, { depth: 9, showHidden: true }),
      inspect(secret, { showProxy: true, getters: true }),
      Object.values(secret).join(),
    ]
    for (const print of prints) assert.ok(!print.includes(TEXT), print)
  })

  it("equals another secret of the same text only", () => {
    assert.ok(secret.equals(new Secret(TEXT)))
    assert.ok(!secret.equals(new Secret("other")))
  })
})
