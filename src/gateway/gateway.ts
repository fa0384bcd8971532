import { ChatRequestError } from "../openai/index.ts"
import { untilAborted } from "../runtime.ts"
import { answerChat } from "./answer-chat.ts"
import { createBackground } from "./background.ts"
import type { GatewayContext, GatewayDependencies } from "./dependencies.ts"
import { openChat } from "./open-chat.ts"
import { toResponse } from "./refuse/refusal.ts"
import { badRequest, unexpected } from "./refuse/texts.ts"
import { createTurnstile } from "./turnstile.ts"

export interface Gateway {
  /** The `fetch` of the provider. Rejects only with the reason of the caller's signal. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Resolves when the work behind the answers is done. */
  readonly close: () => Promise<void>
}

/** Answers OpenCode's chat requests by asking Kiro. Makes nothing, opens nothing and asks nothing before the first. */
export function createGateway(dependencies: GatewayDependencies): Gateway {
  const { runtime, baseUrl } = dependencies
  const turnstile = createTurnstile(runtime.clock)
  const background = createBackground(runtime.log, turnstile)
  const context: GatewayContext = { ...dependencies, background }
  const chats = `${baseUrl.replace(/\/+$/, "")}/chat/completions`
  return {
    fetch: async (url, init) => {
      if (url !== chats) return runtime.fetch(url, init)
      await turnstile()
      return answer(context, init)
    },
    close: () => background.settled(),
  }
}

async function live(context: GatewayContext, init: RequestInit): Promise<Response> {
  return answerChat(context, await openChat(context, init))
}

async function answer(context: GatewayContext, init: RequestInit): Promise<Response> {
  try {
    // Some waits know no signal: that for a locked database, or for what another program's store says.
    return await untilAborted(live(context, init), init.signal ?? undefined)
  } catch (error) {
    init.signal?.throwIfAborted()
    if (error instanceof ChatRequestError)
      return toResponse({ status: 400, message: badRequest(error.message) })
    context.runtime.log.error("the gateway failed", { error })
    return toResponse({ status: 400, message: unexpected(error) })
  }
}
