import { homedir } from "node:os"
import type { Host } from "../host/index.ts"
import type { SignIn } from "../login/index.ts"
import type { Project } from "../settings/index.ts"
import type { BegunSignIn, Desk } from "./manage.ts"

/** The accounts of this computer. Nothing is opened before the first command; `close` ends what was. */
export interface LocalDesk extends Desk {
  close(): Promise<void>
}

export function localDesk(project: () => Project): LocalDesk {
  const place = { env: process.env, platform: process.platform, home: homedir() }
  let opened: Promise<Host> | undefined
  const open = async (): Promise<Host> => {
    const { startHost } = await import("../host/index.ts")
    return startHost({ place, project: project(), show: () => undefined })
  }
  const management = async () => (await (await (opened ??= open())).services()).management
  const begun = ({ url, instructions, complete }: SignIn): BegunSignIn => ({
    url,
    instructions,
    done: complete(),
  })
  return {
    async board(sessionId, turnStarts) {
      const { readBoard } = await import("../host/index.ts")
      return readBoard({ place, project: project(), sessionId, turnStarts, now: Date.now() })
    },
    act: async (act) => (await management()).act(act),
    profiles: async (account) => (await management()).profiles(account),
    signIn: async (wanted) => begun(await (await management()).signIn(wanted)),
    signInAgain: async (account) => begun(await (await management()).signInAgain(account)),
    close: async () => void (await (await opened)?.close()),
  }
}
