import assert from "node:assert/strict"
import { readdirSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { describe, it } from "node:test"
import { isWebPage } from "../../src/host/services.ts"

describe("the source", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => ({ name: basename(name), text: readFileSync(join("src", name), "utf8") }))
  const filesWith = (pattern: RegExp): string[] =>
    files.filter(({ text }) => pattern.test(text)).map(({ name }) => name)

  it("starts programs in two places, never through a shell, and runs no text as code", () => {
    assert.deepEqual(filesWith(/child_process/), ["programs.ts"])
    assert.deepEqual(filesWith(/import\("open"\)|from "open"/), ["services.ts"])
    assert.deepEqual(
      filesWith(/\bshell: (?:true|["'`]|process)|\bexec\(["'`]|\bexecSync\b|\beval\(|new Function\(/),
      [],
    )
  })

  it("states with every request what becomes of a redirect", () => {
    // What is not for Kiro OpenCode 1's front passes on as it came, without any credential of ours.
    const requesting = files.filter(
      ({ name, text }) => name !== "front.ts" && /\bruntime\.fetch\(/.test(text),
    )
    assert.ok(requesting.length >= 4)
    for (const { name, text } of requesting) assert.match(text, /redirect: "(?:error|manual)"/, name)
  })
})

describe("the page of a sign-in", () => {
  it("is opened only where a browser takes it", () => {
    assert.ok(isWebPage("https://view.awsapps.com/start/#/device?user_code=ABCD-EFGH"))
    for (const url of ["file:///etc/passwd", "http://example.com", "calc:", "-rf", "javascript:alert(1)", ""])
      assert.ok(!isWebPage(url), url)
  })
})
