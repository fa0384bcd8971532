export { importLogins, type ImportOutcome } from "./import-logins.ts"
export { kiroCliDatabases } from "./kiro-cli.ts"
export { openSources, type SourceWatch, watchSources } from "./sources.ts"
