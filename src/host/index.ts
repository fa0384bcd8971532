import type { Board, BoardQuestion } from "./board.ts"

/** Loaded at a host's start, so nothing that takes time is behind this door: the services load with their first use. */
export {
  AGENT_HEADER,
  AUTH_MARKER,
  type Host,
  gatewayOf,
  PARENT_HEADER,
  PURPOSE_HEADER,
  startHost,
} from "./host.ts"
export type { Board } from "./board.ts"
export type { AccountAct, AccountDeed, AccountLine, ActDone, Management } from "./manage.ts"
export { type Offer, readOffer } from "./offer.ts"

/** See board.ts, which loads with the first look. */
export const readBoard = async (question: BoardQuestion): Promise<Board> =>
  (await import("./board.ts")).readBoard(question)

/** See rpc.ts. */
export const loadAccountsRpc = async () => import("./rpc.ts")
