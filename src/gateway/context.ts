import type { AccountStore, Notice, TokenKeeper } from "../accounts/index.ts"
import type { HeaderReader } from "../eventstream/index.ts"
import type { Clock, Log, Runtime } from "../runtime.ts"
import type { AccountRules, Settings } from "../settings/index.ts"
import type { SchemaReader } from "../translate/index.ts"
import type { ModelReader } from "./asked-model.ts"

/** Everything that the gateway needs, given once by the composition root. */
export interface GatewayDependencies {
  readonly runtime: Runtime
  readonly settings: Settings
  /** The folder of the project that the host works in. */
  readonly project?: string
  /** As the user's file has it now; absent: as in the settings. */
  readonly dailyCreditBudget?: () => Promise<number | undefined>
  /** The user's rules for accounts, as the file has them now; absent: there are none. */
  readonly accountRules?: () => Promise<AccountRules>
  readonly store: AccountStore
  readonly tokens: FreshTokens & Pick<TokenKeeper, "learnOwners">
  /**
   * Reads the stores of other programs again; local and quick, never rejects. The words for what could not be looked into
   * because too many files are open.
   */
  readonly importLogins: () => Promise<string | undefined>
  readonly lookUps: LookUps
  readonly notify: (notice: Notice) => void
}

/** The part of the token keeper that whoever sends needs. */
export type FreshTokens = Pick<TokenKeeper, "fresh" | "here">

/** What is passed around in this room. */
export interface GatewayContext extends GatewayDependencies {
  readonly background: Background
  readonly models: ModelReader
  readonly readHeaders: HeaderReader
  readonly readSchema: SchemaReader
}

/** Questions to the control plane. They write what they learn into the store and never reject but on abort. */
export interface LookUps {
  /**
   * Asks what the account has used, at most once a minute; its quota cool-down ends where there is room again.
   */
  readonly usage: (accountId: string, signal: AbortSignal) => Promise<void>
  /** Looks the account's profile up again; whether it is another than before. */
  readonly profile: (accountId: string, signal: AbortSignal) => Promise<boolean>
  /** After a good answer, in the background: usage and models, where they are due. */
  readonly afterAnswer: (accountId: string) => void
}

/** Work that goes on behind an answer, so that it can be waited for and never rejects unseen. */
export interface Background {
  /** `topic`: what must be done before the next request of the same topic, or of any, is looked at. */
  start(topic: string, work: () => Promise<unknown>): void
  /** Resolves when the work of a topic, or all of it, is done. */
  settled(topic?: string): Promise<void>
}

export const ANY_TOPIC = "any"
export const OF_NO_REQUEST = "no request"

export function createBackground(log: Log, clock: Clock): Background {
  const running = new Map<string, Set<Promise<void>>>()
  // A burst of answers that end must not hold the event loop either.
  const turnstile = createTurnstile(clock)

  async function run(topic: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await clock.turn()
      await turnstile()
      await work()
    } catch (error) {
      log.error("background work failed", { topic, error })
    }
  }

  function start(topic: string, work: () => Promise<unknown>): void {
    const ofTopic = running.get(topic) ?? new Set()
    running.set(topic, ofTopic)
    const task = run(topic, work).finally(() => {
      ofTopic.delete(task)
      if (ofTopic.size === 0) running.delete(topic)
    })
    ofTopic.add(task)
  }

  return {
    start,
    async settled(topic) {
      if (running.size === 0) return
      const topics = topic === undefined ? [...running.keys()] : [topic, ANY_TOPIC]
      await Promise.all(topics.flatMap((each) => [...(running.get(each) ?? [])]))
    },
  }
}

/** Resolves when it is one's turn. */
export type Turnstile = () => Promise<void>

/**
 * Lets those who come at once through one by one, each in a turn of the event loop of its own: a burst of chats must
 * not hold it. Whoever comes alone goes through at once, and nobody waits for what another does behind it.
 */
export function createTurnstile(clock: Clock): Turnstile {
  let free: Promise<void> = Promise.resolve()
  return () => {
    const mine = free
    free = mine.then(() => clock.turn())
    return mine
  }
}

/** Up to a fifth longer, never shorter than what was asked for: parallel requests spread. `random` in [0, 1). */
export function jittered(ms: number, random: number): number {
  return Math.round(ms * (1 + random / 5))
}
