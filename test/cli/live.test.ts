import assert from "node:assert/strict"
import { join } from "node:path"
import { describe, it } from "node:test"
import { isObject } from "../../src/json.ts"
import { event, FAILURES, metering, text } from "../support/fake-kiro/index.ts"
import { secretsIn } from "../support/secrets.ts"
import { openDoctorLab } from "./doctor-lab.ts"
import { editJson } from "./lab.ts"

describe("doctor --live", () => {
  it("sends nothing where nobody can say yes, and does not call that well", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    const { code, out } = await lab.run("doctor", "--live")
    assert.equal(code, 1)
    const [, remedy = ""] =
      /✗ nothing was sent: nobody can be asked here\n.*→ To say yes: (.+)/.exec(out) ?? []
    assert.match(remedy, / doctor --live --yes`$/)
    assert.doesNotMatch(out, /All is well/)
    const { json } = await lab.run("doctor", "--live", "--json")
    assert.ok(isObject(json) && json["ok"] === false)
    assert.equal(chats(lab.fake.requests), 0)
  })

  it("sends two turns as every message is sent, and says what they showed", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    const { code, out } = await lab.run("doctor", "--live", "--yes")
    assert.equal(code, 0, out)
    assert.equal(chats(lab.fake.requests), 2)
    assert.match(
      out,
      /the first message to claude-haiku-4-5 was answered: \d+ tokens in \(\d+ from the cache\), \d+ out/,
    )
    assert.match(out, /the second message of the same session was answered/)
    assert.match(out, /request 1: \S+, with(?:out)? a profileArn, status 200; .*assistantResponseEvent \d+/)
    assert.match(out, /request 2: meteringEvent \{.*"usage":[\d.]+/)
    assert.deepEqual(secretsIn(out), [])
  })

  it("tells the service's own words for things, and of any other text how long it is", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    const told = event("metadataEvent", { stopReason: "END_TURN", requestId: "7f3a-0b1c" })
    lab.fake.answer(text("yes"), told, metering(0.1))
    const { out } = await lab.run("doctor", "--live", "--yes")
    assert.match(out, /metadataEvent \{"stopReason":"END_TURN","requestId":"\(9 characters\)"\}/)
    assert.doesNotMatch(out, /7f3a-0b1c/)
  })

  it("calls it no problem that one model is refused where the next one answers", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    lab.account.fail(FAILURES.invalidModel)
    const { code, out } = await lab.run("doctor", "--live", "--yes")
    assert.match(out, /· the first message to claude-haiku-4-5 was refused: /)
    assert.match(out, /✓ the first message to auto was answered/)
    assert.match(out, /✓ the second message of the same session was answered/)
    assert.equal(code, 0, out)
  })

  it("asks no other account than the one that the user's rule names", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    const rule = { account: "office", fallback: false }
    editJson(join(lab.sandbox.config, "kiro.json"), (before) => ({ ...before, account_rules: [rule] }))
    const { code, out } = await lab.run("doctor", "--live", "--yes")
    assert.equal(code, 1)
    assert.match(out, /rule in kiro\.json/)
    assert.equal(chats(lab.fake.requests), 0)
  })

  it("asks at most three times, repeats nothing, and tells of a refusal", async () => {
    await using lab = { ...(await openDoctorLab()), [Symbol.asyncDispose]: () => lab.close() }
    for (let time = 0; time < 4; time++) lab.account.fail(FAILURES.throttled)
    const { code, out } = await lab.run("doctor", "--live", "--yes")
    assert.equal(code, 1)
    assert.match(out, /✗ the first message to claude-haiku-4-5 was refused: /)
    assert.match(out, /→ Do what it says; if nothing helps, report it with: `.* doctor --live --report`/)
    assert.ok(chats(lab.fake.requests) <= 3)
  })
})

function chats(requests: readonly { readonly operation?: string | undefined }[]): number {
  return requests.filter(({ operation = "" }) =>
    /^(?:GenerateAssistantResponse|SendMessage)$/.test(operation),
  ).length
}
