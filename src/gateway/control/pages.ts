import { type KiroFailure, networkFailure, type Page } from "../../kiro/index.ts"
import type { ControlAnswer } from "./call.ts"

/** Far more than any account has. */
const MOST_PAGES = 20

export type Paged<Item> =
  | { readonly items: readonly Item[]; readonly host: string }
  | { readonly failure: KiroFailure }

/** Follows the tokens of a paged list to its end. A page that fails fails the whole: half a list would hide the rest. */
export async function readPages<Item>({
  ask,
  read,
}: {
  readonly ask: (nextToken: string | undefined) => Promise<ControlAnswer>
  readonly read: (body: unknown) => Page<Item> | undefined
}): Promise<Paged<Item>> {
  const items: Item[] = []
  const seen = new Set<string>()
  let nextToken: string | undefined
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ask(nextToken)
    if ("failure" in answer) return answer
    const list = read(answer.body)
    if (list === undefined) return { failure: networkFailure(new Error("the answer is no list")) }
    items.push(...list.items)
    nextToken = list.nextToken
    if (nextToken === undefined || seen.has(nextToken)) return { items, host: answer.host }
    seen.add(nextToken)
  }
  return { failure: networkFailure(new Error("the list has no end")) }
}
