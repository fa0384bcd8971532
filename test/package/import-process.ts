import { watchEffects } from "./watch-effects.ts"

/** Imports every file that it is given, and prints what that set off. */
const effects = watchEffects()
for (const file of process.argv.slice(2)) await import(file)
console.log(JSON.stringify(effects))
