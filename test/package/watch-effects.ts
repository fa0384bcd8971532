import fs from "node:fs"
import { Socket } from "node:net"
import { syncBuiltinESMExports } from "node:module"

const WRITES = [
  "writeFileSync",
  "appendFileSync",
  "mkdirSync",
  "openSync",
  "writeFile",
  "mkdir",
  "open",
] as const
const TIMERS = ["setTimeout", "setInterval", "fetch"] as const

/** Notes from now on, by name, every timer, request, connection and file that is begun; they still happen. */
export function watchEffects(): readonly string[] {
  const begun: string[] = []
  const watch = (owner: object, name: string): void => {
    const original: unknown = Reflect.get(owner, name)
    if (typeof original !== "function") throw new Error(`there is no ${name}`)
    Reflect.set(owner, name, function watched(this: unknown, ...args: unknown[]): unknown {
      if (!opensToRead(name, args)) begun.push(name)
      return Reflect.apply(original, this, args)
    })
  }
  for (const name of WRITES) watch(fs, name)
  for (const name of TIMERS) watch(globalThis, name)
  watch(Socket.prototype, "connect")
  watch(process, "on")
  syncBuiltinESMExports()
  return begun
}

/** A runtime may read modules by the functions that are watched (Node 24.21 does): that makes no file. */
function opensToRead(name: string, [, flags]: readonly unknown[]): boolean {
  if (name !== "openSync" && name !== "open") return false
  const writes = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT
  return typeof flags === "number" ? (flags & writes) === 0 : flags === undefined || flags === "r"
}
