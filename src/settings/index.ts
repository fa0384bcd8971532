export {
  type AccountRule,
  type AccountRules,
  accountRules,
  type RuleQuestion,
  saveProjectRule,
} from "./account-rules.ts"
export {
  fileStamp,
  isOutOfHandles,
  loadingTrouble,
  systemCode,
  readSmallFile,
  replaceFile,
  setMode,
  type SmallFile,
} from "./files.ts"
export { type LogLevel, openLog, redactText, wordsOf } from "./log.ts"
export { ownCommand, ownFolder } from "./own-command.ts"
export {
  comparablePath,
  fromHome,
  type Paths,
  pathsFor,
  type Place,
  type Project,
  projectRoot,
} from "./paths.ts"
export type { LoadedSettings, Settings, SettingsProblem } from "./schema.ts"
export {
  DEFAULT_SETTINGS,
  describeSettingsProblem,
  firstOf,
  followSettings,
  loadSchema,
  loadSettings,
  openSettings,
  type SelectionStrategy,
} from "./settings.ts"
