import assert from "node:assert/strict"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join, posix } from "node:path"
import { beforeEach, describe, it } from "node:test"
import { loginHash, type SourceReading, type SourceStore } from "../../src/accounts/index.ts"
import { externalToken, sourcesOf, tokens } from "./stores.ts"
import { assertPrivate, needsLinks, needsModes } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const HASH = "e909a0580879b06ece1202964fbe9dda95ea4ce3"
const builder = {
  accessToken: "aoaIDE",
  refreshToken: "aorIDE",
  expiresAt: "2026-11-24T14:33:30.786Z",
  authMethod: "IdC",
  provider: "BuilderId",
  region: "us-east-1",
  clientIdHash: HASH,
}

describe("the Kiro IDE's files", () => {
  let home: string
  let cache: string
  beforeEach(() => {
    home = temporaryFolder()
    // The source is asked as on Linux.
    cache = posix.join(home, ".aws", "sso", "cache")
  })

  const put = (file: string, value: unknown): void => {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value), { mode: 0o600 })
  }
  const token = (): string => posix.join(cache, "kiro-auth-token.json")
  const putToken = (value: unknown): void => put(token(), value)
  const putRegistration = (): void =>
    put(join(cache, `${HASH}.json`), {
      clientId: "c",
      clientSecret: "s",
      expiresAt: "2027-01-01T00:00:00.000Z",
    })
  const source = (): SourceStore => {
    const found = sourcesOf(home).find((each) => each.source === "kiro-ide")
    assert.ok(found)
    return found
  }
  const read = (): Promise<SourceReading> => source().read()

  it("give an AWS login with the registration that its hash names and the chosen profile", async () => {
    putToken(builder)
    putRegistration()
    put(join(home, ".config/Kiro/User/globalStorage/kiro.kiroagent/profile.json"), {
      arn: "arn:p",
      name: "P",
    })
    const { logins, problems } = await read()
    assert.deepEqual(problems, [])
    const [first] = logins
    assert.ok(first?.login.kind === "idc")
    assert.equal(first.login.client.clientId, "c")
    assert.equal(first.login.client.expiresAt, Date.UTC(2027, 0, 1))
    assert.equal(first.login.profileArn, "arn:p")
    assert.equal(first.login.loginRegion, "us-east-1")
  })

  it("give a social login and one of an external identity provider, however the method is spelt", async () => {
    for (const authMethod of ["social", "Social"]) {
      putToken({ ...builder, authMethod, provider: "Github", profileArn: "arn:own" })
      const [first] = (await read()).logins
      assert.ok(first?.login.kind === "social")
      assert.equal(first.login.profileArn, "arn:own")
    }
    for (const authMethod of ["external_idp", "ExternalIdp"]) {
      putToken({ ...externalToken, authMethod, provider: "ExternalIdp" })
      const [first] = (await read()).logins
      assert.ok(first?.login.kind === "external-idp")
      assert.equal(first.login.tokenEndpoint, externalToken["token_endpoint"])
    }
  })

  it("become a problem with a file and a key where they can't be used, and nothing where they are not there", async () => {
    assert.deepEqual(await read(), { logins: [], problems: [], unread: [token()] })
    const cases: [unknown, string | undefined, string][] = [
      ['{"accessToken":"half', undefined, "is not a JSON object"],
      [{ ...builder, refreshToken: "aor..." }, undefined, "is a redacted copy"],
      [{ ...builder, authMethod: "smoke-signals" }, "authMethod", "names a kind of login that is not known"],
      [builder, "clientIdHash", `names ${HASH}.json, which holds no registration`],
      [{ ...builder, clientIdHash: "../../etc/passwd" }, "clientIdHash", "names no registration file"],
    ]
    for (const [value, key, message] of cases) {
      putToken(value)
      const { logins, problems } = await read()
      assert.deepEqual(logins, [])
      assert.deepEqual(problems, [
        { source: "kiro-ide", file: token(), message, ...(key === undefined ? {} : { key }) },
      ])
    }
    putToken("")
    assert.deepEqual(await read(), { logins: [], problems: [], unread: [] })
  })

  it("take back a pair whole, with their mode and unknown fields, only over the pair we started from", async () => {
    putToken({ ...builder, extra: true })
    putRegistration()
    const [first] = (await read()).logins
    assert.ok(first?.login.kind === "idc")
    const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-25T00:00:00.000Z"))
    const change = { place: first.place, replaces: [loginHash(first.login)], after }
    assert.equal(await source().writeBack(change), "written")
    assert.deepEqual(JSON.parse(readFileSync(token(), "utf8")), {
      ...builder,
      extra: true,
      accessToken: "aoaNEW",
      refreshToken: "aorNEW",
      expiresAt: "2026-11-25T00:00:00.000Z",
    })
    assertPrivate(token())
    assert.equal(await source().writeBack(change), "current")
    assert.deepEqual(readdirSync(cache).toSorted(), [`${HASH}.json`, "kiro-auth-token.json"])
  })

  it(
    "stay open to whoever their own program lets read them, when they take back a pair",
    needsModes,
    async () => {
      putToken(builder)
      putRegistration()
      chmodSync(token(), 0o640)
      const [first] = (await read()).logins
      assert.ok(first)
      const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-25T00:00:00.000Z"))
      const change = { place: first.place, replaces: [loginHash(first.login)], after }
      assert.equal(await source().writeBack(change), "written")
      assert.equal(statSync(token()).mode & 0o777, 0o640)
    },
  )

  it("are read, and take back a pair, with a byte order mark before them", async () => {
    const marked = (value: object): string => `\uFEFF${JSON.stringify(value)}`
    putToken(marked(builder))
    put(join(cache, `${HASH}.json`), marked({ clientId: "c", clientSecret: "s" }))
    const { logins, problems } = await read()
    assert.deepEqual(problems, [])
    const [first] = logins
    assert.ok(first)
    const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-25T00:00:00.000Z"))
    const change = { place: first.place, replaces: [loginHash(first.login)], after }
    assert.equal(await source().writeBack(change), "written")
    assert.match(readFileSync(token(), "utf8"), /"refreshToken":"aorNEW"/)
  })

  it(
    "take back a pair where a link leads to, and keep a number that no double holds",
    needsLinks,
    async () => {
      const real = join(home, "elsewhere.json")
      putRegistration()
      put(real, JSON.stringify({ ...builder, id: 0 }).replace('"id":0', '"id":12345678901234567890123'))
      symlinkSync(real, token())
      const [first] = (await read()).logins
      assert.ok(first)
      const after = tokens("aoaNEW", "aorNEW", Date.parse("2026-11-25T00:00:00.000Z"))
      const change = { place: first.place, replaces: [loginHash(first.login)], after }
      assert.equal(await source().writeBack(change), "written")
      assert.ok(lstatSync(token()).isSymbolicLink())
      const text = readFileSync(real, "utf8")
      assert.ok(text.includes('"id":12345678901234567890123') && text.includes("aorNEW"))
    },
  )

  it("tell the kind by what else there is where they name none, and the region by the registration", async () => {
    const { authMethod: _, region: _region, ...unnamed } = builder
    putToken({ ...externalToken, provider: "ExternalIdp" })
    assert.deepEqual(
      (await read()).logins.map(({ login }) => login.kind),
      ["external-idp"],
    )
    putToken(unnamed)
    put(join(cache, `${HASH}.json`), { clientId: "c", clientSecret: "s", region: "eu-west-1" })
    const [found] = (await read()).logins
    assert.equal(found?.login.kind === "idc" && found.login.loginRegion, "eu-west-1")
  })

  it("are read beside kiro-cli's own file, which is kiro-cli's", async () => {
    put(join(cache, "kiro-auth-token-cli.json"), { ...builder, authMethod: "social", provider: "google" })
    const readings = await Promise.all(sourcesOf(home).map((each) => each.read()))
    const logins = readings.flatMap((reading) => reading.logins)
    assert.deepEqual(
      logins.map(({ login }) => [login.source, login.kind]),
      [["kiro-cli", "social"]],
    )
  })
})

describe("the environment's API key", () => {
  it("is a login of its own, and none where the variable is empty", async () => {
    const home = temporaryFolder()
    const read = async (env: Record<string, string>): Promise<SourceReading> => {
      const source = sourcesOf(home, env).find((each) => each.source === "environment")
      assert.ok(source)
      return source.read()
    }
    const [first] = (await read({ KIRO_API_KEY: " ksk_1 " })).logins
    assert.ok(first?.login.kind === "api-key")
    assert.equal(first.login.key.reveal(), "ksk_1")
    assert.deepEqual((await read({ KIRO_API_KEY: "" })).logins, [])
    assert.deepEqual((await read({})).logins, [])
  })
})
