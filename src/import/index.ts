export { importLogins, type ImportOutcome } from "./import-logins.ts"
export { kiroCliDatabases } from "./kiro-cli/locate.ts"
export { openSources } from "./sources.ts"
export { type SourceWatch, watchSources } from "./watch.ts"
