export { importLogins, type ImportOutcome } from "./import-logins.ts"
export { kiroCliDatabases } from "./kiro-cli.ts"
export { openSources, SOURCE_NAMES, watchSources } from "./sources.ts"
