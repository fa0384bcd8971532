import { untilAborted } from "../runtime.ts"
import { createBackground } from "./background.ts"
import type { GatewayContext, GatewayDependencies } from "./dependencies.ts"
import type { ChatCall, ChatOutcome } from "./door.ts"
import { liveChat } from "./live-chat.ts"
import { openChat } from "./open-chat.ts"
import { unexpected } from "./refuse/texts.ts"
import { createTurnstile } from "./turnstile.ts"

export interface Gateway {
  /** Rejects only with the reason of the call's signal. */
  chat(call: ChatCall): Promise<ChatOutcome>
  /** Resolves when the work behind the answers is done. */
  close(): Promise<void>
}

/** Answers a host's chats by asking Kiro. Makes nothing, opens nothing and asks nothing before the first. */
export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { runtime } = dependencies
  const turnstile = createTurnstile(runtime.clock)
  const background = createBackground(runtime.log, turnstile)
  const context: GatewayContext = { ...dependencies, background }
  const live = async (call: ChatCall): Promise<ChatOutcome> =>
    liveChat(context, await openChat(context, call))
  return {
    async chat(call) {
      await turnstile()
      try {
        // Some waits know no signal: that for a locked database, or for what another program's store says.
        return await untilAborted(live(call), call.signal)
      } catch (error) {
        call.signal.throwIfAborted()
        runtime.log.error("the gateway failed", { error })
        return { outcome: "refusal", refusal: { status: 400, message: unexpected(error) } }
      }
    },
    close: () => background.settled(),
  }
}
