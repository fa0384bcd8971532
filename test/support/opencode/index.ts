export { opencodeBinary, packageFolder } from "./program.ts"
export { runOpencode, withoutColours, type RunOptions, type RunResult } from "./run.ts"
export { canBindHosts, createSandbox, writeJson, type Sandbox, type SandboxOptions } from "./sandbox.ts"
export {
  OpencodeServer,
  startOpencodeServer,
  type HostEvent,
  type PromptOptions,
  type Turn,
} from "./serve.ts"
export { hasTerminal, KEYS, openTerminal, type Terminal } from "./terminal.ts"
