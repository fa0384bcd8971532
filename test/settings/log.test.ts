import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { describe, it } from "node:test"
import { type LogLevel, openLog, redactText } from "../../src/settings/index.ts"
import type { Log } from "../../src/runtime.ts"
import { Secret } from "../../src/secret.ts"
import { needsModes, needsPipes } from "../support/posix.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const root = temporaryFolder()

let files = 0

function open(level: LogLevel = "info", maxFileBytes?: number): { readonly log: Log; readonly path: string } {
  const path = join(root, String((files += 1)), "log", "kiro.log")
  const clock = { now: () => Date.UTC(2026, 10, 24) }
  const log = openLog({ path, level, clock, ...(maxFileBytes === undefined ? {} : { maxFileBytes }) })
  return { log, path }
}

function lines(path: string): readonly Record<string, unknown>[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe("the log", () => {
  it("makes no file before its first line, then one that only its owner can read", needsModes, () => {
    const { log, path } = open()
    log.debug("below the level")
    assert.equal(existsSync(path), false)
    log.info("first", { a: 1 })
    assert.deepEqual(lines(path), [
      { at: "2026-11-24T00:00:00.000Z", level: "info", pid: process.pid, message: "first", a: 1 },
    ])
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it("writes its level and what is more important", () => {
    const { log, path } = open("warn")
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](level)
    assert.deepEqual(
      lines(path).map(({ level }) => level),
      ["warn", "error"],
    )
  })

  it("keeps two files of at most the cap, for their owner", needsModes, () => {
    const { log, path } = open("info", 2000)
    for (let line = 0; line < 100; line += 1) log.info(`line ${line}`, { text: "x".repeat(50) })
    const [size, older] = [statSync(path).size, statSync(`${path}.1`).size]
    assert.ok(size <= 2000 && older <= 2000, JSON.stringify({ size, older }))
    assert.equal(lines(path).at(-1)?.["message"], "line 99")
    assert.equal(statSync(`${path}.1`).mode & 0o777, 0o600)
    assert.equal(existsSync(`${path}.2`), false)
  })

  it("goes on, up to twice the cap, where its file can't be moved, as on Windows while somebody looks at it", () => {
    const { log, path } = open("info", 2000)
    mkdirSync(join(`${path}.1`, "no file"), { recursive: true })
    for (let line = 0; line < 100; line += 1) log.info(`line ${line}`, { text: "x".repeat(50) })
    const { size } = statSync(path)
    assert.ok(size > 3000 && size <= 4000, String(size))
    rmSync(`${path}.1`, { recursive: true })
    log.info("and on")
    assert.equal(lines(path).at(-1)?.["message"], "and on")
    assert.ok(statSync(path).size < 2000)
  })

  it("cuts a line that is out of all proportion", () => {
    const { log, path } = open()
    log.info("long", { text: "x".repeat(1_000_000) })
    assert.ok(statSync(path).size < 70_000)
    assert.equal(lines(path)[0]?.["message"], "long")
  })

  it("holds no secret, whatever way one gets into a line", () => {
    const { log, path } = open()
    const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    log.error(`key ksk_abcdef123 of ann@example.com, Bearer aoaAAAAAGtoken`, {
      typed: new Secret("typed-secret"),
      accessToken: "field-secret",
      nested: [{ client_secret: "nested-secret", note: `token ${jwt}` }],
      error: new Error("refused: ksk_zyx987", { cause: new Error("for bob@example.com") }),
    })
    const written = readFileSync(path, "utf8")
    for (const secret of [/ksk_/, /ann/, /bob/, /example/, /aoaAAA/, /typed-/, /field-/, /nested-/, /eyJ/])
      assert.doesNotMatch(written, secret)
    assert.match(written, /refused: \[secret\]/)
  })

  it("takes what Kiro says of a bearer token for no token", () => {
    const said = "The bearer token included in the request is invalid."
    assert.equal(redactText(said), said)
    assert.equal(redactText("Bearer token-1 and bearer abc"), "Bearer [secret] and bearer [secret]")
  })

  it("never fails its caller, and says later how many lines were lost", () => {
    const { log, path } = open()
    writeFileSync(join(root, String(files)), "a file where the folder should be")
    log.info("lost")
    log.info("lost too")
    rmSync(join(root, String(files)))
    log.info("found")
    assert.deepEqual(
      lines(path).map(({ message, linesLost }) => [message, linesLost]),
      [["found", 2]],
    )
  })

  it("writes to a file alone: to open a pipe that nobody reads would never end", needsPipes, () => {
    const { log, path } = open()
    mkdirSync(dirname(path), { recursive: true })
    execFileSync("mkfifo", [path])
    // With a reader it ends at once, whatever comes of it.
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    log.info("one")
    assert.equal(readFileSync(reader, "utf8"), "")
    closeSync(reader)
    rmSync(path)
    log.info("two")
    assert.equal(lines(path)[0]?.["linesLost"], 1)
  })

  it("begins a line of its own behind half of one, which a full disk leaves", () => {
    const { log, path } = open()
    writeFileSync(join(root, String(files)), "a file where the folder should be")
    log.info("lost")
    rmSync(join(root, String(files)))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '{"message":"lo')
    log.info("found")
    const [half, ...others] = readFileSync(path, "utf8").trimEnd().split("\n")
    assert.equal(half, '{"message":"lo')
    assert.deepEqual(
      others.map((line) => (JSON.parse(line) as Record<string, unknown>)["message"]),
      ["found"],
    )
  })

  it("takes what can't be written as JSON", () => {
    const { log, path } = open()
    const round: Record<string, unknown> = {}
    round["self"] = round
    log.info("round", { round, big: 1n })
    assert.equal(lines(path).length, 1)
  })
})

describe("a redacted text", () => {
  it("keeps what a maintainer needs", () => {
    const text = "POST https://q.us-east-1.amazonaws.com/generateAssistantResponse 429, request id 1b-2c"
    assert.equal(redactText(text), text)
    const page = "https://d-9067642ac7.awsapps.com/start"
    assert.equal(redactText(page), page)
  })

  it("names nobody, as Kiro does where it refuses a person", () => {
    assert.equal(
      redactText(
        "Your User ID (d-9067642ac7.11112222-3333-4444-5555-666677778888) temporarily is suspended.",
      ),
      "Your User ID ([user id]) temporarily is suspended.",
    )
  })
})
