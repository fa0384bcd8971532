import { existsSync } from "node:fs"
import { kiroCliDatabases } from "../../import/index.ts"
import { type Check, type Finding, note } from "./finding.ts"

/** Where everything is, whether it exists or not. */
export const placesCheck: Check = {
  title: "Where things are",
  async look({ paths, place }) {
    const stores = kiroCliDatabases(place)
    return [
      placeOf("settings", paths.settingsFile),
      placeOf("accounts", paths.database),
      placeOf("models", paths.models),
      placeOf("log", paths.log),
      placeOf("OpenCode's logins", paths.authFile),
      placeOf("kiro-cli", stores.find(existsSync) ?? stores[0]),
    ]
  },
}

function placeOf(what: string, path = "nowhere on this system"): Finding {
  return note(`${what}: ${path}${existsSync(path) ? "" : " (not there)"}`)
}
