import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { extname, join } from "node:path"
import { it } from "node:test"

it("leaves no timer, socket or file open after twenty rebuilds: the process ends by itself", () => {
  const script = join(import.meta.dirname, `rebuild-process${extname(import.meta.filename)}`)
  const child = spawnSync(process.execPath, [script], { encoding: "utf8", timeout: 50_000 })
  assert.equal(child.signal, null, `it had to be stopped: ${child.stdout}${child.stderr}`)
  assert.equal(child.status, 0, child.stderr)
  assert.match(child.stdout, /done/)
})
