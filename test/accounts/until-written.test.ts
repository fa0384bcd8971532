import assert from "node:assert/strict"
import { join } from "node:path"
import { describe, it } from "node:test"
import { type Database, openDatabase, untilWritten } from "../../src/accounts/store/database.ts"
import { inOneLook, inTransaction } from "../../src/accounts/store/file.ts"
import { temporaryFolder } from "../support/temporary-folder.ts"

const read = (): ((database: Database) => readonly unknown[]) =>
  untilWritten(["one"], (database) =>
    database.all("SELECT name FROM one ORDER BY rowid").map((row) => row["name"]),
  )

async function openTwo(): Promise<{ readonly own: Database; readonly other: Database }> {
  const path = join(temporaryFolder(), "test.db")
  const own = await openDatabase(path)
  own.get("PRAGMA journal_mode = WAL")
  for (const table of ["one", "two"]) own.run(`CREATE TABLE ${table} (name TEXT)`)
  own.run("INSERT INTO one (name) VALUES (?)", ["a"])
  return { own, other: await openDatabase(path) }
}

describe("what was read of a table", () => {
  it("stays the same object until somebody writes there", async () => {
    const { own } = await openTwo()
    const names = read()
    const first = names(own)
    assert.deepEqual(first, ["a"])
    assert.equal(names(own), first)
    inTransaction(own, () => own.run("INSERT INTO two (name) VALUES (?)", ["b"]))
    assert.equal(names(own), first)
    own.close()
  })

  it("is read again after a write of one's own", async () => {
    const { own } = await openTwo()
    const names = read()
    names(own)
    own.run("INSERT INTO one (name) VALUES (?)", ["b"])
    assert.deepEqual(names(own), ["a", "b"])
    own.run("UPDATE one SET name = ? WHERE name = ?", ["c", "b"])
    assert.deepEqual(names(own), ["a", "c"])
    own.run("DELETE FROM one")
    assert.deepEqual(names(own), [])
    own.run("INSERT OR IGNORE INTO one (name) VALUES (?)", ["d"])
    assert.deepEqual(names(own), ["d"])
    own.close()
  })

  it("is read again after a write of another connection, which is seen at once", async () => {
    const { own, other } = await openTwo()
    const names = read()
    names(own)
    other.run("INSERT INTO one (name) VALUES (?)", ["b"])
    assert.deepEqual(names(own), ["a", "b"])
    inTransaction(own, () => assert.deepEqual(names(own), ["a", "b"]))
    inTransaction(other, () => other.run("DELETE FROM one WHERE name = ?", ["a"]))
    inTransaction(own, () => assert.deepEqual(names(own), ["b"]))
    for (const database of [own, other]) database.close()
  })

  it("stays the same within one look, and is read again in the next transaction or behind it", async () => {
    const { own, other } = await openTwo()
    const names = read()
    inOneLook(own, () => {
      names(own)
      other.run("INSERT INTO one (name) VALUES (?)", ["b"])
      assert.deepEqual(names(own), ["a"])
    })
    inTransaction(own, () => assert.deepEqual(names(own), ["a", "b"]))
    other.run("DELETE FROM one")
    inOneLook(own, () => assert.deepEqual(names(own), []))
    other.run("INSERT INTO one (name) VALUES (?)", ["c"])
    assert.deepEqual(names(own), ["c"])
    for (const database of [own, other]) database.close()
  })

  it("is kept for each key", async () => {
    const { own } = await openTwo()
    const rows = untilWritten(["one"], (database, name: string) =>
      database.all("SELECT name FROM one WHERE name = ?", [name]),
    )
    const [a, b] = [rows(own, "a"), rows(own, "b")]
    assert.deepEqual([a.length, b.length], [1, 0])
    assert.ok(rows(own, "a") === a && rows(own, "b") === b)
    own.run("INSERT INTO one (name) VALUES (?)", ["b"])
    assert.deepEqual([rows(own, "a").length, rows(own, "b").length], [1, 1])
    own.close()
  })

  it("stays the same object behind a write that changed nothing", async () => {
    const { own } = await openTwo()
    const names = read()
    const first = names(own)
    own.run("UPDATE one SET name = ? WHERE name = ?", ["c", "nobody"])
    assert.equal(names(own), first)
    own.close()
  })

  it("is read again after a rollback of one's own", async () => {
    const { own } = await openTwo()
    const names = read()
    names(own)
    const change = (): void => {
      own.run("INSERT INTO one (name) VALUES (?)", ["b"])
      assert.deepEqual(names(own), ["a", "b"])
      throw new Error("no")
    }
    assert.throws(() => inTransaction(own, change), /no/)
    assert.deepEqual(names(own), ["a"])
    own.close()
  })

  it("is read again where a statement of one's own failed and took what was written before it along", async () => {
    const { own } = await openTwo()
    own.run(`CREATE TRIGGER full BEFORE INSERT ON one WHEN NEW.name = 'too much'
      BEGIN SELECT RAISE(ROLLBACK, 'no room'); END`)
    const names = read()
    own.run("BEGIN")
    own.run("INSERT INTO one (name) VALUES (?)", ["b"])
    assert.deepEqual(names(own), ["a", "b"])
    assert.throws(() => own.run("INSERT INTO one (name) VALUES (?)", ["too much"]), /no room/)
    assert.deepEqual(names(own), ["a"])
    own.close()
  })

  it("is read again from another file", async () => {
    const [one, other] = [await openTwo(), await openTwo()]
    const names = read()
    names(one.own)
    other.own.run("INSERT INTO one (name) VALUES (?)", ["b"])
    assert.deepEqual(names(other.own), ["a", "b"])
    assert.deepEqual(names(one.own), ["a"])
    // As much was written to both by now.
    one.own.run("INSERT INTO one (name) VALUES (?)", ["c"])
    assert.deepEqual(names(one.own), ["a", "c"])
    assert.deepEqual(names(other.own), ["a", "b"])
    for (const database of [one.own, one.other, other.own, other.other]) database.close()
  })
})
