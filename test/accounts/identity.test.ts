import assert from "node:assert/strict"
import { describe, it } from "node:test"
import {
  type Account,
  type AccountChanges,
  accountName,
  type ImportedLogin,
  learnIdentity,
  type Login,
  mergeImported,
  newAccount,
} from "../../src/accounts/index.ts"
import { buryAccount } from "../../src/accounts/login.ts"
import { Secret } from "../../src/secret.ts"
import { idcLogin, keyLogin, tokens } from "./logins.ts"

const NOW = 1_000_000

function account(id: string, change: Partial<Account> = {}): Account {
  return { ...newAccount({ id, now: 1, logins: [idcLogin({ id })] }), ...change }
}

function offer(
  accounts: readonly Account[],
  offered: readonly (ImportedLogin | Login)[],
  byUser = false,
): readonly Account[] {
  let ids = 0
  return mergeImported(accounts, {
    offered: offered.map((each) => ("login" in each ? each : { login: each })),
    now: NOW,
    newId: () => `new-${(ids += 1)}`,
    byUser,
  }).put
}

const cli = { source: "kiro-cli", sourceKey: "kirocli:odic:token" } as const

function accessOf(login: Login | undefined): string | undefined {
  return login === undefined || login.kind === "api-key" ? undefined : login.tokens.accessToken.reveal()
}

describe("an import", () => {
  it("makes an account of each login, though they share profile, e-mail and registration", () => {
    const login = (id: string): ImportedLogin => ({
      login: idcLogin({
        id,
        source: "older-plugin",
        sourceKey: id,
        profileArn: "arn:same",
        client: { clientId: "same", clientSecret: new Secret("s") },
      }),
      email: "same@example.com",
    })
    assert.deepEqual(
      offer([], [login("1"), login("2")]).map(({ id, logins }) => [id, logins.length]),
      [
        ["new-1", 1],
        ["new-2", 1],
      ],
    )
  })

  it("is no change the second time", () => {
    const login = idcLogin({ id: "l", ...cli })
    assert.deepEqual(offer(offer([], [login]), [login]), [])
  })

  it("takes the tokens that kiro-cli renewed in the row of its login", () => {
    const known = account("a", { logins: [idcLogin({ id: "l", ...cli, tokens: tokens("old", 10) })] })
    const renewed = idcLogin({ id: "l2", ...cli, tokens: tokens("new"), client: clientOf(known) })
    const [changed] = offer([known], [renewed])
    assert.equal(changed?.id, "a")
    assert.deepEqual(changed?.logins.map(accessOf), ["access-new"])
    assert.equal(changed?.logins[0]?.id, "l")
  })

  it("ends what was held against an account for want of the profile that was chosen there since", () => {
    const login = idcLogin({ id: "l", ...cli })
    const health = { state: "cooling", since: 1, until: NOW * 2, reason: "not-authorized", times: 1 } as const
    const [changed] = offer(
      [account("a", { logins: [login], health })],
      [{ ...login, profileArn: "arn:chosen" }],
    )
    assert.equal(changed?.logins[0]?.profileArn, "arn:chosen")
    assert.equal(changed?.health.state, "ok")
  })

  it("leaves ours where the row holds what we had before, or something older", () => {
    const ours = idcLogin({
      id: "l",
      ...cli,
      tokens: tokens("ours", NOW + 10),
      sourceBehind: tokens("before", 5),
    })
    const known = account("a", { logins: [ours] })
    const row = (held: ReturnType<typeof tokens>): Login =>
      idcLogin({ id: "l2", ...cli, tokens: held, client: clientOf(known) })
    assert.deepEqual(offer([known], [row(tokens("before", 5))]), [])
    assert.deepEqual(offer([known], [row(tokens("ancient", NOW + 9))]), [])
  })

  it("never lets a second login in kiro-cli take the place of another person's", () => {
    const known = account("a", { logins: [idcLogin({ id: "l", ...cli })] })
    const somebody = idcLogin({ id: "m", ...cli })
    const changed = offer([known], [somebody])
    assert.deepEqual(
      changed.map(({ id }) => id),
      ["new-1"],
    )
  })

  it("brings a revoked login back when its row holds a new token", () => {
    const revoked = {
      ...idcLogin({ id: "l", ...cli, tokens: tokens("old", NOW + 99) }),
      revoked: { at: 1, reason: "x" },
    }
    const known = account("a", {
      logins: [revoked],
      health: { state: "revoked", since: 1, reason: "login-expired" },
    })
    const renewed = idcLogin({ id: "l2", ...cli, tokens: tokens("new", NOW + 9), client: clientOf(known) })
    const [changed] = offer([known], [renewed])
    assert.deepEqual(changed?.health, { state: "ok" })
    assert.equal(changed?.logins[0]?.revoked, undefined)
  })

  it("joins a login to the account with its user id, or with the very same token", () => {
    const known = account("a", { userId: "u" })
    const joined = offer(
      [known],
      [{ login: idcLogin({ id: "ide", source: "kiro-ide", sourceKey: "f" }), userId: "u" }],
    )
    assert.deepEqual(
      joined.map(({ id, logins }) => [id, logins.map((login) => login.id)]),
      [["a", ["a", "ide"]]],
    )
    const copied = idcLogin({ id: "copy", source: "kiro-ide", sourceKey: "f", tokens: tokens("a") })
    assert.deepEqual(
      offer([known], [copied]).map(({ id }) => id),
      ["a"],
    )
  })

  it("does not bring a removed account back, but the user's own login does", () => {
    const buried = buryAccount(account("a", { userId: "u", logins: [idcLogin({ id: "l", ...cli })] }), 5)
    const client = clientOf(account("x", { logins: [idcLogin({ id: "l" })] }))
    const again = idcLogin({ id: "l2", ...cli, tokens: tokens("renewed"), client })
    assert.deepEqual(offer([buried], [idcLogin({ id: "l", ...cli })]), [])
    assert.deepEqual(offer([buried], [again]), [])
    assert.deepEqual(offer([buried], [{ login: idcLogin({ id: "n" }), userId: "u" }]), [])
    const [back] = offer([buried], [{ login: idcLogin({ id: "n" }), userId: "u" }], true)
    assert.equal(back?.id, "a")
    assert.equal(back?.removedAt, undefined)
    assert.equal(back?.logins.length, 1)
  })

  it("ends a suspension only where the user logs in anew", () => {
    const known = account("a", { userId: "u", health: { state: "revoked", since: 1, reason: "suspended" } })
    const login = { login: idcLogin({ id: "n", source: "kiro-ide" }), userId: "u" }
    assert.equal(offer([known], [login])[0]?.health.state, "revoked")
    assert.equal(offer([known], [login], true)[0]?.health.state, "ok")
  })

  it("keeps one own login of a kind, the new one", () => {
    const known = account("a", { userId: "u", logins: [idcLogin({ id: "old", tokens: tokens("old", 5) })] })
    const [changed] = offer([known], [{ login: idcLogin({ id: "new" }), userId: "u" }], true)
    assert.deepEqual(
      changed?.logins.map(({ id }) => id),
      ["new"],
    )
  })

  it("does not take an older plugin's placeholder for an e-mail address", () => {
    const email = "idc-placeholder+0123456789abcdef@awsapps.local"
    assert.equal(offer([], [{ login: idcLogin({ id: "l" }), email }])[0]?.email, undefined)
  })
})

describe("a user id that became known", () => {
  function learn(
    accounts: readonly Account[],
    accountId: string,
    userId: string,
    loginId = accountId,
  ): AccountChanges {
    const email = "real@example.com"
    return learnIdentity(accounts, { accountId, loginId, userId, email, now: NOW, newId: () => "new" })
  }

  it("names the account and replaces a placeholder, without a second account", () => {
    const before = account("a", { email: "idc-placeholder+0123456789abcdef@awsapps.local" })
    const { put, absorb } = learn([before], "a", "u")
    assert.deepEqual(absorb, [])
    assert.deepEqual(put, [{ ...before, userId: "u", email: "real@example.com" }])
    assert.deepEqual(learn(put, "a", "u"), { put: [], absorb: [] })
  })

  it("merges into the account that has it, with logins and label", () => {
    const known = account("a", { userId: "u" })
    const { put, absorb } = learn(
      [known, account("b", { label: "work", logins: [idcLogin({ id: "b", ...cli })] })],
      "b",
      "u",
    )
    assert.deepEqual(absorb, [{ from: "b", into: "a" }])
    assert.deepEqual(
      put.map(({ id, label, logins }) => [id, label, logins.length]),
      [["a", "work", 2]],
    )
  })

  it("revives a logged-out account by the login that works", () => {
    const known = account("a", {
      userId: "u",
      health: { state: "revoked", since: 1, reason: "login-expired" },
    })
    assert.deepEqual(learn([known, account("b")], "b", "u").put[0]?.health, { state: "ok" })
  })

  it("keeps a suspension, whichever of the two knew of it", () => {
    const health = { state: "revoked", since: 1, reason: "suspended" } as const
    assert.equal(
      learn([account("a", { userId: "u" }), account("b", { health })], "b", "u").put[0]?.health,
      health,
    )
    assert.equal(
      learn([account("a", { userId: "u", health }), account("b")], "b", "u").put[0]?.health,
      health,
    )
  })

  it("buries what sync found of a removed account, and revives it for a login of our own", () => {
    const buried = buryAccount(account("a", { userId: "u" }), 5)
    const found = account("b", { logins: [idcLogin({ id: "b", ...cli })] })
    const again = learn([buried, found], "b", "u")
    assert.deepEqual(again.absorb, [{ from: "b", into: "a" }])
    assert.equal(again.put[0]?.removedAt, 5)
    assert.deepEqual(offer(again.put, found.logins), [])
    const own = learn([buried, account("b")], "b", "u")
    assert.deepEqual(own.absorb, [{ from: "a", into: "b" }])
    assert.equal(own.put[0]?.removedAt, undefined)
  })

  it("moves a login that became somebody else's to that person", () => {
    const quota = { checkedAt: NOW, used: 1, limit: 2, bonuses: [], overage: { enabled: false, used: 0 } }
    const before = account("a", {
      userId: "u",
      logins: [idcLogin({ id: "x", ...cli }), idcLogin({ id: "y" })],
      quota,
    })
    const { put } = learn([before], "a", "other", "x")
    assert.deepEqual(
      put.map((each) => each.quota),
      [undefined, quota],
    )
    assert.deepEqual(
      put.map(({ id, userId, logins }) => [id, userId, logins.map((login) => login.id)]),
      [
        ["a", "u", ["y"]],
        ["new", "other", ["x"]],
      ],
    )
    const owner = account("o", { userId: "other" })
    assert.deepEqual(
      learn([before, owner], "a", "other", "x").put.map(({ id }) => id),
      ["a", "o"],
    )
  })
})

describe("the name of an account", () => {
  it("is its label, or its kind and a short id", () => {
    assert.equal(accountName(account("a", { label: "work" })), "work")
    assert.match(accountName(account("a")), /^Builder ID ··[0-9a-f]{4}$/)
    const company = idcLogin({ id: "a", startUrl: "https://d-1.awsapps.com/start" })
    assert.match(accountName(account("a", { logins: [company] })), /^Identity Center ··/)
    // Kiro IDE and older plugins keep no start URL; Builder ID is in one region only.
    const abroad = { kind: "idc", loginRegion: "eu-central-1" } as const
    assert.match(accountName({ id: "a", logins: [abroad] }), /^Identity Center ··/)
    assert.match(accountName(account("a", { logins: [keyLogin("k")] })), /^API key ··/)
    assert.match(accountName(account("a", { logins: [] })), /^Kiro ··/)
  })

  it("never holds any part of an e-mail address", () => {
    const named = account("ann@example.com", { email: "ann@example.com", label: "ann@example.com" })
    assert.doesNotMatch(accountName(named), /ann|example/)
  })
})

function clientOf({ logins: [login] }: Account): Extract<Login, { kind: "idc" }>["client"] {
  assert.equal(login?.kind, "idc")
  return login.client
}
