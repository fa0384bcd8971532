export { importLogins, type ImportOutcome } from "./import-logins.ts"
export { openSources } from "./sources.ts"
export { type SourceWatch, watchSources } from "./watch.ts"
