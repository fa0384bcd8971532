/**
 * A fake OpenCode 2: as its sources and the reports of those who ran it say, since no OpenCode 2 can be installed here.
 *
 *     await using host = new FakeOpenCode2({ plugin: { directory: "dist" } })
 *     const project = await host.open("/some/project")      // loads the plugin, runs its setup
 *     project.models().get("kiro/claude-sonnet-4-5")        // after the user's own config
 *     const session = project.session({ model: "kiro/claude-sonnet-4-5#high", tools: { read: { execute } } })
 *     const turn = await session.prompt("Hello")            // with tools, repeats, compaction and continuations
 *     turn.text, turn.failure, turn.waits                   // no wait is real
 *     await project.reload()                                // cleanup awaited, registrations gone, caches kept
 *     const attempt = await project.login("kiro", "builder-id", { answer: "…" })
 */
export { isRetryable, judgeError, mayContinue, retryDelay, type HostFailure } from "./errors.ts"
export type { File, SessionMessage } from "./history.ts"
export { FakeOpenCode2, type HostOptions } from "./host.ts"
export type { Credential, Method } from "./integrations.ts"
export { decodePlugin, entryOfDirectory, entryOfPackage, loadPlugin } from "./load.ts"
export type { FakeLocation } from "./location.ts"
export type { ModelInfo, ProviderConfig, ProviderInfo } from "./models.ts"
export { HostDied } from "./publisher.ts"
export { FakeSession, type FakeTool, type SessionHost, type SessionOptions, type Turn } from "./session.ts"
