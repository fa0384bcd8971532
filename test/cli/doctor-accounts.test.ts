import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { delimiter, dirname, join } from "node:path"
import { afterEach, beforeEach, describe, it } from "node:test"
import { afterChoiceWanted, openDatabase } from "../../src/accounts/index.ts"
import { isObject } from "../../src/json.ts"
import { idcLogin } from "../accounts/logins.ts"
import { start } from "../accounts/processes.ts"
import { addTurn } from "../support/add-turn.ts"
import { failure, FAILURES, json, type Reply, resetBeforeHeaders } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import { needsLinks, needsModes, needsMount } from "../support/posix.ts"
import { secretsIn } from "../support/secrets.ts"
import { type DoctorLab, openDoctorLab } from "./doctor-lab.ts"
import { VERSION } from "../../src/version.ts"
import { editJson, needsRoot, NOBODY, writePlugin } from "./lab.ts"

const MINUTE_MS = 60_000
const VIRGINIA = "arn:aws:codewhisperer:us-east-1:123456789012:profile/USPROFILE"
const FRANKFURT = "arn:aws:codewhisperer:eu-central-1:123456789012:profile/EUPROFILE"

describe("doctor on accounts and the way to Kiro", () => {
  let lab: DoctorLab
  let database: string
  beforeEach(async () => {
    lab = await openDoctorLab()
    database = join(lab.sandbox.config, "kiro.db")
  })
  afterEach(() => lab.close())

  const followed = async (): Promise<void> => assert.deepEqual(await lab.problems(), [])
  /** The remedy of the only problem. */
  const found = async (problem: RegExp, options = {}): Promise<string> => {
    const problems = await lab.problems(options)
    assert.equal(problems.length, 1, problems.join("\n"))
    assert.match(problems[0] ?? "", problem)
    return problems[0]?.split(" → ")[1] ?? ""
  }
  /** What doctor tells another user to do about something. */
  const remediesForNobody = async (wanted: string, environment = {}): Promise<readonly string[]> => {
    const { json, err } = await lab.spawnWith({ uid: NOBODY, environment }, "doctor", "--json")
    assert.ok(isObject(json) && Array.isArray(json["sections"]), err)
    const sections = json["sections"] as { title: string; findings: { remedy?: string }[] }[]
    const { findings = [] } = sections.find(({ title }) => title === wanted) ?? {}
    return findings.flatMap(({ remedy }) => remedy ?? [])
  }
  const databaseRemedies = (environment = {}): Promise<readonly string[]> =>
    remediesForNobody("Account database", environment)
  /** Types what stands in backticks, as one who may use sudo. */
  const type = (remedy: string): string => {
    const [, typed = ""] = /`(.+)`/.exec(remedy) ?? []
    writeFileSync(join(lab.bin, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
    const env = { USER: "nobody", PATH: [lab.bin, process.env["PATH"]].join(delimiter) }
    execFileSync("sh", ["-c", typed], { env })
    return typed
  }
  /** Follows `mv "a" "b"`, `move` on Windows. */
  const move = (remedy: string): void => {
    const [, from = "", to = ""] = /(?:mv|move) "([^"]+)" "([^"]+)"/.exec(remedy) ?? []
    renameSync(from, to)
  }
  /** Follows the last command that it names. */
  const command = async (remedy: string): Promise<void> => {
    const words = /main\.[jt]s (accounts [^`]+?)`?\.?$/.exec(remedy)?.[1]?.match(/"[^"]+"|\S+/g) ?? []
    const { code, err } = await lab.run(...words.map((word) => word.replaceAll('"', "")))
    assert.equal(code, 0, err)
  }
  const kiroCliLogin = async (): Promise<void> => {
    lab.account.signIn()
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.account] })
  }

  it("says of a login that is still to be taken in what the first message does with it", async () => {
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.account], expiresAt: 0 })
    assert.match(
      (await lab.run("doctor")).out,
      /Builder ID of kiro-cli, which the first message takes in: its access token has ended; the next message renews it/,
    )
  })

  it("says of a refusal of Kiro's own what helps, and leaves the network out of it", async () => {
    const refused = async (reply: (typeof FAILURES)["throttled"]): Promise<string> => {
      for (const account of lab.fake.accounts) account.scripts.next("GetUsageLimits", Array(4).fill(reply))
      const [problem = "", ...more] = await lab.problems()
      for (const account of lab.fake.accounts) account.scripts.clear()
      assert.deepEqual(more, [])
      return problem
    }
    assert.match(await refused(FAILURES.throttled), /: Too many requests, .* → It passes by itself/)
    assert.match(await refused(FAILURES.unavailable), / → It passes by itself/)
    assert.match(await refused(FAILURES.notAuthorized), / → Check its plan at https:\/\/app\.kiro\.dev/)
    assert.match(
      await refused(FAILURES.unknownOperation),
      /: status 404 → Report it with: `.* doctor --report`/,
    )
    assert.match(
      await refused(FAILURES.suspended),
      /AWS has suspended .*, which the first message takes in → /,
    )
  })

  it("says that Kiro refuses a company's login with the profile that it has", async () => {
    const company = lab.fake.account({ kind: "identity-center" })
    rmSync(lab.sandbox.kiroCliStore)
    await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [company] })
    await lab.run("import")
    company.scripts.next("GetUsageLimits", Array(4).fill(FAILURES.notAuthorized))
    const remedy = await found(/Identity Center ··\w+ may not use this service with its plan or profile/)
    assert.match(remedy, /with your administrator, or choose another profile: .*accounts profile \w+`/)
  })

  for (const refusal of ["notAuthorized", "featureNotSupported"] as const)
    it(`says what ends the guessing whose a login is where nobody may ask: ${refusal}`, async () => {
      for (const account of lab.fake.accounts)
        account.scripts.next("GetUsageLimits", Array(20).fill(FAILURES[refusal]))
      const guess =
        /Kiro does not say whose login Builder ID ··\w+ is: .* Signing in here once ends the guessing: `opencode auth login`/
      await lab.run("import")
      assert.match((await lab.run("doctor")).out, guess)
      const database = await openDatabase(join(lab.sandbox.config, "kiro.db"))
      database.run("UPDATE kiro_login SET source = 'own', document = NULL")
      database.close()
      rmSync(lab.sandbox.kiroCliStore)
      assert.doesNotMatch((await lab.run("doctor")).out, /guessing/)
    })

  describe("the database", () => {
    it("is seen to be damaged, and comes back from kiro-cli once it is moved away", async () => {
      await lab.run("import")
      for (const suffix of ["-wal", "-shm"]) rmSync(database + suffix, { force: true })
      writeFileSync(database, "this is no database, ".repeat(1000))
      move(await found(/kiro\.db is damaged, or no SQLite database/))
      await followed()
    })

    it("is seen to be no file", async () => {
      mkdirSync(database)
      const { code, out, err } = await lab.run("budget", "lift")
      assert.deepEqual([code, /lifted/.test(out), /✗ Nothing was kept/.test(err)], [1, false, true], out)
      move(await found(/kiro\.db is not a file/))
      await followed()
    })

    it(
      "is seen to be a link that leads nowhere, and none that its first login follows",
      needsLinks,
      async () => {
        const elsewhere = join(lab.sandbox.root, "disk")
        for (const target of [join(elsewhere, "kiro.db"), database]) {
          symlinkSync(target, database)
          assert.match(await found(/kiro\.db is a link that leads nowhere/), /or take the link away/)
          rmSync(database)
        }
        symlinkSync(join(elsewhere, "kiro.db"), database)
        mkdirSync(elsewhere)
        await followed()
        assert.equal((await lab.run("import")).code, 0)
        await followed()
      },
    )

    it("is made its user's own again by what is to be typed", needsRoot, async () => {
      await lab.run("import")
      const { config, root } = lab.sandbox
      const waiting = `${database}-wal`
      const mode = (path: string, bits: number) => () => chmodSync(path, bits)
      const taken = (path: string) => () => chownSync(path, 0, 0)
      for (const { spoil, asks } of [
        { spoil: mode(database, 0o400), asks: "chmod" },
        { spoil: mode(database, 0), asks: "chmod" },
        { spoil: mode(config, 0o555), asks: "chmod" },
        { spoil: taken(database), asks: "sudo" },
        { spoil: taken(config), asks: "sudo" },
        { spoil: taken(waiting), asks: "sudo" },
      ]) {
        writeFileSync(waiting, "", { mode: 0o600 })
        execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, root])
        assert.deepEqual(await databaseRemedies(), [])
        spoil()
        const [remedy = "", ...more] = await databaseRemedies()
        assert.deepEqual([more, type(remedy).split(" ")[0]], [[], asks], remedy)
        assert.deepEqual(await databaseRemedies(), [], remedy)
      }
    })

    it("is not said to hold nobody where its folder may not be looked into", needsRoot, async () => {
      await lab.run("import")
      const { config, root } = lab.sandbox
      execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, root])
      chmodSync(config, 0)
      const listed = await lab.spawnWith({ uid: NOBODY }, "accounts", "--json")
      assert.equal(listed.code, 1)
      assert.match(listed.err, /kiro\.db can't be read: for the reason run `.* doctor`\./)
      const [remedy = ""] = await databaseRemedies()
      type(remedy)
      assert.equal((await lab.spawnWith({ uid: NOBODY }, "accounts")).code, 0)
    })

    it("is seen to have no place where a file has its folder's name", async () => {
      const [home, file] = [join(lab.sandbox.root, "none"), join(lab.sandbox.root, "none", "opencode")]
      mkdirSync(home)
      writeFileSync(file, "")
      const environment = { XDG_CONFIG_HOME: home, KIRO_ENDPOINT_OVERRIDE: lab.fake.url }
      const { out } = await lab.runWith({ environment }, "doctor")
      const [problem = ""] = /kiro\.db can't be written.*\n.*/.exec(out) ?? []
      move(problem)
      assert.doesNotMatch((await lab.runWith({ environment }, "doctor")).out, /can't be written/)
    })

    it("is seen to have no place in a home that can't be written", needsRoot, async () => {
      chmodSync(lab.sandbox.root, 0o755)
      const environment = {
        XDG_CONFIG_HOME: join(lab.sandbox.root, "none", "config"),
        KIRO_ENDPOINT_OVERRIDE: lab.fake.url,
      }
      const [remedy = ""] = await databaseRemedies(environment)
      type(remedy)
      assert.deepEqual(await databaseRemedies(environment), [])
    })

    it("is seen to be kept nowhere, and nothing is said to be done", needsMount, async () => {
      const { config } = lab.sandbox
      execFileSync("mount", ["--bind", config, config])
      try {
        execFileSync("mount", ["-o", "remount,ro,bind", config])
        assert.match(
          await found(/kiro\.db can't be written, so nothing new is kept/),
          /^Its disk is mounted for reading alone/,
        )
        const { code, err } = await lab.run("import")
        assert.equal(code, 1)
        assert.match(err, /✗ Nothing was kept: .*kiro\.db can't be written/)
        assert.equal((await lab.run("import", "--dry-run")).code, 0)
      } finally {
        execFileSync("umount", ["--lazy", config])
      }
      await followed()
    })

    it("is seen to keep no choice of a profile, but the profiles are listed", needsMount, async () => {
      const company = lab.fake.account({ kind: "identity-center", profileArns: [VIRGINIA, FRANKFURT] })
      await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [company] })
      await lab.run("import")
      const { config } = lab.sandbox
      execFileSync("mount", ["--bind", config, config])
      try {
        execFileSync("mount", ["-o", "remount,ro,bind", config])
        const [, short = ""] = /··([0-9a-f]{4})/.exec((await lab.run("accounts")).out) ?? []
        const listed = await lab.run("accounts", "profile", short)
        assert.deepEqual([listed.code, listed.out.includes(FRANKFURT)], [0, true], listed.err)
        const chosen = await lab.run("accounts", "profile", short, FRANKFURT)
        assert.deepEqual([chosen.code, /✗ Nothing was kept/.test(chosen.err)], [1, true], chosen.err)
      } finally {
        execFileSync("umount", ["--lazy", config])
      }
    })

    it("is seen to be on a full disk", needsMount, async () => {
      await lab.run("import")
      const { config } = lab.sandbox
      const files = readdirSync(config).filter((name) => name.startsWith("kiro"))
      const contents = files.map((name) => [name, readFileSync(join(config, name))] as const)
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", config])
      try {
        for (const [name, content] of contents) writeFileSync(join(config, name), content)
        assert.throws(() => {
          for (;;) writeFileSync(join(config, "ballast"), Buffer.alloc(4096), { flag: "a" })
        }, /ENOSPC/)
        const problems = await lab.problems()
        assert.match(problems.join(), /the disk of \S+kiro\.db is full → Make room on it/)
        const { code, err } = await lab.run("import")
        assert.deepEqual([code, /✗ Nothing was kept/.test(err)], [1, true], err)
      } finally {
        execFileSync("umount", ["--lazy", config])
      }
      await followed()
    })

    it(
      "is seen to be on a full disk also while a window has it open, and the accounts are looked at",
      needsMount,
      async () => {
        const { config } = lab.sandbox
        const kept = readdirSync(config, { withFileTypes: true }).filter((entry) => entry.isFile())
        const contents = kept.map(({ name }) => [name, readFileSync(join(config, name))] as const)
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", config])
        try {
          for (const [name, content] of contents) writeFileSync(join(config, name), content)
          writePlugin(join(config, "plugin"), VERSION)
          await lab.run("import")
          const window = await lab.openStore()
          await window.list()
          assert.throws(() => {
            for (;;) writeFileSync(join(config, "ballast"), Buffer.alloc(4096), { flag: "a" })
          }, /ENOSPC/)
          assert.match(await found(/kiro\.db can't be written, so nothing new is kept/), /^Its disk is full/)
          assert.match((await lab.run("doctor")).out, /✓ Builder ID ··[0-9a-f]{4} is ready/)
          await window.close()
        } finally {
          execFileSync("umount", ["--lazy", config])
        }
        await followed()
      },
    )

    it("is seen to stay locked, and everything else is looked at all the same", async () => {
      await lab.run("import")
      const holder = await start({ do: "hold-lock", path: database })
      assert.match(await found(/kiro\.db stays locked by another program/), /Close the program that holds it/)
      holder.release()
      await holder.done
      await followed()
    })
  })

  describe("kiro-cli", () => {
    it("is seen to be missing where nothing else is there", async () => {
      rmSync(lab.sandbox.kiroCliStore)
      assert.match(await found(/nobody is signed in/), /`kiro-cli login`, or: `opencode auth login`/)
      await kiroCliLogin()
      await followed()
    })

    it("is seen to be missing where an account came from it, or where KIROCLI_DB_PATH names it", async () => {
      await lab.run("import")
      for (const suffix of ["", "-wal", "-shm"]) rmSync(lab.sandbox.kiroCliStore + suffix, { force: true })
      assert.match(await found(/came from kiro-cli, whose store is gone/), /Run: `kiro-cli login`.* keep it /)
      const social = lab.fake.account({ kind: "social" })
      await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [lab.account, social] })
      await lab.run("import")
      for (const suffix of ["", "-wal", "-shm"]) rmSync(lab.sandbox.kiroCliStore + suffix, { force: true })
      // Once for all of them.
      assert.match(await found(/Builder ID \S+, Google \S+ came from kiro-cli/), / keep them /)
      await kiroCliLogin()
      await followed()
      const environment = { KIROCLI_DB_PATH: join(lab.sandbox.root, "nowhere.sqlite3") }
      await assert.rejects(found(/^$/, { environment }), /nowhere\.sqlite3 does not exist/)
    })

    it("is seen to be stale: its session has ended, or it was never a session", async () => {
      lab.account.revoke()
      const { kiroCliStore: path } = lab.sandbox
      await seedKiroCliStore({ path, accounts: [lab.account], expiresAt: Date.now() - MINUTE_MS })
      await followed()
      await lab.run("import")
      await lab.run("usage")
      assert.match(
        await found(/the login of Builder ID ··[0-9a-f]{4} has ended/),
        /^Sign in again: `kiro-cli login`;/,
      )
      await kiroCliLogin()
      await followed()
    })

    it("is no matter where it is not to be looked at, though its login has ended", async () => {
      await lab.run("import")
      const store = await lab.openStore()
      const [account] = await store.list()
      const revoked = { at: Date.now(), reason: "invalid_grant" }
      const ended = { ...idcLogin({ id: "ended", source: "kiro-cli" }), revoked }
      await store.update(account?.id ?? "", (current) => ({ ...current, logins: [...current.logins, ended] }))
      await store.close()
      assert.match(await found(/the login of kiro-cli has ended/), /kiro-cli login/)
      assert.deepEqual(await lab.problems({ environment: { KIRO_AUTO_SYNC_KIRO_CLI: "false" } }), [])
    })

    it("is seen to be damaged, or no file, where a login can't be kept before it is moved away", async () => {
      const path = lab.sandbox.kiroCliStore
      for (const spoil of [() => writeFileSync(path, "garbage, ".repeat(1000)), () => mkdirSync(path)]) {
        for (const suffix of ["", "-wal", "-shm", ".damaged"]) rmSync(path + suffix, { force: true })
        spoil()
        const [problem = "", ...others] = await lab.problems()
        assert.match(others.join(), /^(?:nobody is signed in: .*)?$/)
        assert.match(problem, /data\.sqlite3 .*\. Sign in again: `kiro-cli login`/)
        move(problem)
        await kiroCliLogin()
        await followed()
      }
    })

    it("is made its user's own again by what is to be typed", needsRoot, async () => {
      const { kiroCliStore: path, root } = lab.sandbox
      for (const spoil of [() => chmodSync(path, 0), () => chownSync(path, 0, 0)]) {
        execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, root])
        spoil()
        const [remedy = "", ...more] = await remediesForNobody("Logins of other programs")
        type(remedy)
        assert.deepEqual([more, await remediesForNobody("Logins of other programs")], [[], []], remedy)
      }
    })

    it("is not what the Kiro IDE's login is mended by", async () => {
      const cache = join(lab.sandbox.home, ".aws", "sso", "cache")
      mkdirSync(cache, { recursive: true })
      writeFileSync(join(cache, "kiro-auth-token.json"), "{")
      assert.equal(
        await found(/kiro-auth-token\.json is not a JSON object/),
        "Sign in again in the Kiro IDE.",
      )
    })

    it("is seen to be unreadable", async () => {
      const store = await openDatabase(lab.sandbox.kiroCliStore)
      store.run("UPDATE auth_kv SET value = '{' WHERE key = 'kirocli:odic:token'")
      store.close()
      const problems = await lab.problems()
      assert.match(problems[0] ?? "", /data\.sqlite3 \(kirocli:odic:token\).* → .*kiro-cli login/)
      await kiroCliLogin()
      await followed()
    })
  })

  describe("regions", () => {
    const company = (profileArns: readonly string[]) =>
      lab.fake.account({ kind: "identity-center", loginRegion: "eu-north-1", profileArns })
    const signIn = async (account: ReturnType<typeof company>): Promise<void> => {
      await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [account] })
    }

    const signInWithoutProfile = async (account: ReturnType<typeof company>): Promise<void> => {
      await signIn(account)
      const store = await openDatabase(lab.sandbox.kiroCliStore)
      store.run("DELETE FROM state")
      store.close()
      await lab.run("import")
    }

    it("of login and service are seen to be mixed up where the profile is one that the login does not have", async () => {
      const account = company([VIRGINIA])
      await signIn(account)
      await lab.run("import")
      Object.assign(account, { profileArns: [FRANKFURT] })
      await command(
        await found(/signed in to eu-north-1, and that login has no profile in us-east-1 as chosen/),
      )
      await followed()
    })

    it("are seen to be mixed up in idc_region", async () => {
      await signIn(company([FRANKFURT]))
      await followed()
      const settings = join(lab.sandbox.config, "kiro.json")
      editJson(settings, (before) => ({ ...before, idc_region: "eu-central-1" }))
      const remedy = await found(
        /idc_region is eu-central-1, but Identity Center .* is signed in to eu-north-1/,
      )
      const region = /Set idc_region to (\S+):/.exec(remedy)?.[1]
      editJson(settings, (before) => ({ ...before, idc_region: region }))
      await followed()
    })

    it("stand for nothing while no profile is chosen", async () => {
      await signInWithoutProfile(company([FRANKFURT, VIRGINIA]))
      await command(await found(/is signed in to eu-north-1 and has no profile, which Identity Center needs/))
      await followed()
    })

    it("are not said of an account that is told of already, because its profile is to be chosen", async () => {
      await signInWithoutProfile(company([FRANKFURT, VIRGINIA]))
      const accounts = await lab.openStore()
      const choice = { profiles: [FRANKFURT, VIRGINIA], now: Date.now() }
      for (const { id } of await accounts.list())
        await accounts.update(id, (account) => afterChoiceWanted(account, choice))
      await accounts.close()
      await command(`${await found(/has to be told which of its profiles to use/)}`.replace(/`\.$/, " 1`."))
      await followed()
    })
  })

  describe("the way to Kiro", () => {
    it("is seen to be cut at every host", async () => {
      await lab.run("import")
      const { fake } = lab
      await fake.close()
      const problems = await lab.problems()
      const hosts = ["q.us-east-1", "runtime.us-east-1", "management.us-east-1", "oidc.us-east-1"]
      const text = problems.find((problem) => problem.startsWith("no host of Kiro can be reached (")) ?? ""
      for (const host of hosts) assert.ok(text.includes(`${host}.`), problems.join("\n"))
      assert.match(text, /\): .* → Check/)
    })

    for (const plane of ["runtime", "management"])
      it(`leads to another host of the service where ${plane} is cut off`, async () => {
        lab.fake.intercept(({ host }) => host.startsWith(`${plane}.`), resetBeforeHeaders)
        await followed()
        const other = "q.us-east-1.amazonaws.com is used instead: "
        const { out } = await lab.run("doctor")
        assert.ok(out.includes(`${plane}.us-east-1.kiro.dev can't be reached, ${other}`), out)
      })

    it("leads to the domain of a sign-in that has one of its own", async () => {
      const account = lab.fake.account({ kind: "identity-center", loginRegion: "eusc-de-east-1" })
      await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [account] })
      assert.match((await lab.run("doctor")).out, /✓ oidc\.eusc-de-east-1\.amazonaws\.eu answers/)
    })

    it("is seen to lead through a proxy that is none, or is not there, and its password is not shown", async () => {
      const proxied = (HTTPS_PROXY: string) => ({ environment: { HTTPS_PROXY } })
      assert.match(
        await found(/HTTPS_PROXY is no proxy's address/, proxied("socks5://proxy:1080")),
        /http:\/\/host:port/,
      )
      const server = createServer().listen(0, "127.0.0.1")
      await new Promise((resolve) => server.once("listening", resolve))
      const { port } = server.address() as AddressInfo
      const url = `http://me:hush@127.0.0.1:${port}`
      for (const address of [url, url.replace("http://", "")]) {
        const { code, out } = await lab.runWith(proxied(address), "doctor")
        assert.equal(code, 0, out)
        assert.match(
          out,
          new RegExp(`requests go through the proxy 127\\.0\\.0\\.1:${port} \\(HTTPS_PROXY\\)`),
        )
        assert.ok(!out.includes("hush"))
      }
      await new Promise((resolve) => server.close(resolve))
      assert.match(
        await found(/the proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\) can't be reached/, proxied(url)),
        /Start it/,
      )
      await followed()
    })

    it("is not taken for open where somebody in between answers in the place of every host", async () => {
      const { fake } = lab
      let inBetween: Reply | undefined = json({}, { status: 407 })
      fake.intercept(
        ({ path }) => inBetween !== undefined && path === "/ping",
        () => inBetween ?? json({}),
      )
      const barred = /no host of Kiro can be reached .*: 407 Proxy Authentication Required/
      assert.match(await found(barred), /HTTPS_PROXY/)
      inBetween = failure({ status: 403, body: "<html><title>Blocked by policy</title></html>" })
      // A load balancer of the service has pages too.
      await followed()
      const { out } = await lab.run("doctor")
      assert.match(out, /· q\.\S+ is answered for by something in between: 403 Blocked by policy/)
      assert.doesNotMatch(out, / answers$/m)
      inBetween = undefined
      await followed()
    })

    it("is seen to have another time than this computer", async () => {
      const { fake } = lab
      const own = fake.responseHeaders.bind(fake)
      fake.responseHeaders = (request) => ({
        ...own(request),
        date: new Date(Date.now() + 10 * MINUTE_MS).toUTCString(),
      })
      assert.match(await found(/the clock of this computer is 10 minutes slow/), /^Set it/)
      fake.responseHeaders = (request) => ({ ...own(request), date: "not told" })
      await followed()
      assert.doesNotMatch((await lab.run("doctor")).out, /the clock of this computer/)
      fake.responseHeaders = own
      await followed()
    })
  })

  describe("an account", () => {
    it("is seen to be suspended until AWS and the user say otherwise", async () => {
      await lab.run("import")
      lab.account.suspended = true
      const remedy = await found(/AWS has suspended Builder ID ··[0-9a-f]{4}/)
      assert.match(remedy, /Only AWS support can lift it/)
      lab.account.suspended = false
      await command(remedy)
      await followed()
    })

    it("is seen to be disabled or at its limit, which is no fault", async () => {
      await lab.run("import")
      const { out } = await lab.run("accounts")
      const name = /Builder ID ··[0-9a-f]{4}/.exec(out)?.[0] ?? ""
      await lab.run("accounts", "disable", name)
      await followed()
      assert.ok((await lab.run("doctor")).out.includes(`${name}: switched off`))
      await lab.run("accounts", "enable", name)
      lab.account.usage = { ...lab.account.usage, used: 50 }
      await followed()
      const doctor = /: out of credits until [A-Z][a-z]{2} \d+(?:, \d{4})?, 50\.00 \/ 50\.00 credits/
      assert.match((await lab.run("doctor")).out, doctor)
      assert.match(
        (await lab.run("usage")).out,
        / out of credits until [A-Z][a-z]{2} \d+(?:, \d{4})? +50\.00 \/ 50\.00/,
      )
    })

    it("that waits for the user's own budget is told of with what lifts it, which is no fault", async () => {
      await lab.run("import")
      editJson(join(lab.sandbox.config, "kiro.json"), (before) => ({ ...before, daily_credit_budget: 3 }))
      const store = await lab.openStore()
      const [account] = await store.list()
      await addTurn(store, { accountId: account?.id ?? "", sessionId: "s", credits: 3, at: Date.now() })
      await store.close()
      await followed()
      const told =
        /· today's budget of 3 credits is used up: new messages wait for tomorrow, or for: `[^`]*main\.[jt]s budget lift`/
      assert.match((await lab.run("doctor")).out, told)
      await lab.run("budget", "lift")
      assert.doesNotMatch((await lab.run("doctor")).out, /budget of 3/)
    })

    it("that a rule names and nobody has is told of, and is a fault where the rule allows no other", async () => {
      await lab.run("import")
      const settings = join(lab.sandbox.config, "kiro.json")
      const rule = (account: string, more = {}): void =>
        editJson(settings, (before) => ({
          ...before,
          account_rules: [{ agent: "plan", account, ...more }],
        }))
      // One kiro.json may be shared by computers that have not the same accounts.
      rule("8b1f")
      const { code, out } = await lab.run("doctor")
      assert.equal(code, 0, out)
      assert.match(out, /· account_rules in kiro\.json names the account 8b1f, which is not here/)
      rule("8b1f", { fallback: false })
      const remedy = await found(/account_rules in kiro\.json names the account 8b1f, which is not here/)
      assert.match(remedy, /main\.[jt]s accounts --json` shows it/)
      const { json } = await lab.run("accounts", "--json")
      const [id] = /[0-9a-f]{32}/.exec(JSON.stringify(json)) ?? []
      rule(id ?? "")
      await followed()
    })

    it("whose access token has ended is neither renewed by a diagnosis nor called logged out", async () => {
      lab.account.expire()
      const { kiroCliStore: path } = lab.sandbox
      await seedKiroCliStore({ path, accounts: [lab.account], expiresAt: Date.now() - MINUTE_MS })
      const { code, out } = await lab.run("doctor")
      assert.equal(code, 0, out)
      assert.match(out, /its access token has ended; the next message renews it/)
      assert.ok(lab.fake.requests.every(({ operation }) => operation !== "CreateToken"))
    })
  })

  it("changes nothing by looking, neither in an empty home nor in a used one", async () => {
    const { config, data } = lab.sandbox
    const left = (): unknown =>
      [config, data].flatMap((folder) =>
        readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && !/-(?:wal|shm)$/.test(entry.name))
          .map((entry) => {
            const file = join(entry.parentPath, entry.name)
            return [file, statSync(file).mode, readFileSync(file, "base64")]
          }),
      )
    const empty = left()
    await lab.run("doctor")
    assert.deepEqual(left(), empty)
    await lab.run("import")
    const used = left()
    await followed()
    await lab.run("doctor", "--report")
    assert.deepEqual(left(), used)
  })

  it("sees that others can read kiro.db, and leaves it so", needsModes, async () => {
    await lab.run("import")
    chmodSync(database, 0o644)
    assert.match(await found(/others on this computer can read .*kiro\.db/), /^Run: `chmod 600 [^`]+`$/)
    assert.equal(statSync(database).mode & 0o777, 0o644)
  })

  it("sees that others can read a pair that waits for kiro.db", needsModes, async () => {
    await lab.run("import")
    const waiting = join(dirname(database), "kiro-tokens.spill-0123456789abcdef")
    writeFileSync(waiting, "{}", { mode: 0o644 })
    assert.ok((await found(/others on this computer can read /)).includes(waiting))
  })

  describe("the report", () => {
    it("takes no part of another word for an account's name", async () => {
      await lab.run("import")
      const short = /··([0-9a-f]{4})/.exec((await lab.run("accounts")).out)?.[1] ?? ""
      await lab.run("accounts", "label", short, "work")
      const { out } = await lab.run("doctor", "--report")
      assert.match(out, /^Network and clock:$/m)
      assert.match(out, new RegExp(String.raw`^  \[good\] Builder ID ··${short} is ready`, "m"))
    })

    it("says the same without a name, an address, a token or a home folder, and the last warnings", async () => {
      const company = lab.fake.account({
        kind: "identity-center",
        profileArns: [VIRGINIA, FRANKFURT],
        startUrl: "https://d-9067642ac7.awsapps.com/start",
        email: "some.body@example.com",
      })
      const home = { environment: { HOME: lab.sandbox.root } }
      await seedKiroCliStore({ path: lab.sandbox.kiroCliStore, accounts: [company] })
      await lab.run("import")
      const short = /··([0-9a-f]{4})/.exec((await lab.run("accounts")).out)?.[1] ?? ""
      await lab.run("accounts", "label", short, "Acme")
      Object.assign(company, { profileArns: [FRANKFURT] })
      const log = join(lab.sandbox.data, "log", "kiro.log")
      mkdirSync(join(log, ".."), { recursive: true })
      const lines = ["info", "warn"].map((level) => JSON.stringify({ level, message: `a ${level} line` }))
      writeFileSync(log, lines.join("\n"))
      editJson(join(lab.sandbox.config, "kiro.json"), (before) => ({
        ...before,
        idc_start_url: "https://identitycenter.amazonaws.com/ssoins-72237fb7de3e1e",
        account_rules: [{ account: "Umbrella" }],
      }))
      const { code, out } = await lab.runWith(home, "doctor", "--report")
      assert.equal(code, 1)
      assert.match(out, /\[problem\] Identity Center ··[0-9a-f]{4} is signed in to us-east-1/)
      assert.ok(out.includes(join("~", "config", "opencode", "kiro.db")), out)
      assert.ok(out.includes("a warn line") && !out.includes("a info line"))
      assert.deepEqual(secretsIn(out), [])
      const { out: document } = await lab.runWith(home, "doctor", "--report", "--json")
      for (const private_ of [
        lab.sandbox.root,
        "Acme",
        "some.body",
        "123456789012",
        "d-9067642ac7",
        "ssoins",
        "Umbrella",
      ])
        for (const text of [out, document]) assert.ok(!text.includes(private_), private_)
      const shown = await lab.run("doctor")
      assert.deepEqual(secretsIn(shown.out + readFileSync(log, "utf8")), [])
    })
  })
})
