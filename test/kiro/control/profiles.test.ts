import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { readProfiles } from "../../../src/kiro/index.ts"

const ARN = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/ABC"

describe("reading profiles", () => {
  it("tells name and service region of each", () => {
    const body = {
      profiles: [
        { arn: ARN, profileName: "Team", status: "ACTIVE" },
        { arn: `${ARN}2`, status: "CREATING" },
        { arn: "strange" },
        {},
        null,
      ],
      nextToken: "more",
    }
    assert.deepEqual(readProfiles(body), {
      items: [
        { arn: ARN, name: "Team", region: "eu-central-1", active: true },
        { arn: `${ARN}2`, name: "ABC2", region: "eu-central-1", active: false },
      ],
      nextToken: "more",
    })
  })

  it("takes one whose state nobody tells for active", () => {
    const page = readProfiles({ profiles: [{ profileArn: ARN, name: "Team" }] })
    assert.deepEqual(page?.items, [{ arn: ARN, name: "Team", region: "eu-central-1", active: true }])
  })

  it("is nothing where the body is no list", () => {
    for (const body of [null, [], {}, { profiles: {} }]) assert.equal(readProfiles(body), undefined)
  })
})
