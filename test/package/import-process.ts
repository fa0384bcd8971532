import { pathToFileURL } from "node:url"
import { watchEffects } from "./watch-effects.ts"

/** Imports every file that it is given, and prints what that set off. */
const effects = watchEffects()
for (const file of process.argv.slice(2)) await import(pathToFileURL(file).href)
console.log(JSON.stringify(effects))
