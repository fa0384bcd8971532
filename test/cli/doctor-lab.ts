import assert from "node:assert/strict"
import { isObject } from "../../src/json.ts"
import { type Lab, openLab, type RunOptions } from "./lab.ts"
import type { FakeAccount } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"

/** A lab where doctor has nothing to complain of: the plugin listed, one kiro-cli session, the service there. */
export interface DoctorLab extends Lab {
  readonly account: FakeAccount
  readonly home: string
  /** Doctor's problems, each as `text → remedy`; its exit code is what they say it is. */
  problems(options?: RunOptions): Promise<readonly string[]>
}

export async function openDoctorLab(): Promise<DoctorLab> {
  const lab = await openLab()
  const account = lab.fake.account()
  await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [account] })
  return {
    ...lab,
    account,
    home: lab.sandbox.home,
    async problems(options = {}) {
      const { code, json, err, out } = await lab.runWith(options, "doctor", "--json")
      assert.ok(isObject(json) && Array.isArray(json["sections"]), out + err)
      assert.equal(err, "")
      const findings = (json["sections"] as { findings: Finding[] }[]).flatMap(({ findings }) => findings)
      const problems = findings.filter(({ level }) => level === "problem")
      assert.equal(code, problems.length === 0 ? 0 : 1)
      return problems.map(({ text, remedy }) => `${text} → ${remedy}`)
    },
  }
}

interface Finding {
  readonly level: string
  readonly text: string
  readonly remedy?: string
}
