import { type AccountStore, openDatabase } from "../../src/accounts/index.ts"
import type { FakeAccount } from "../support/fake-kiro/index.ts"
import { seedKiroCliStore } from "../support/kiro-cli-store.ts"
import type { Hosts } from "./hosts.ts"
import { heal } from "./person.ts"
import { pick } from "./random.ts"

export interface World {
  readonly hosts: Hosts
  readonly accounts: readonly FakeAccount[]
  readonly store: AccountStore
  readonly database: string
  readonly kiroCli: string
  readonly random: () => number
}

type Trouble = (world: World) => Promise<void> | void

/** What befalls people in an hour, or in a year. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  "a host is killed": ({ hosts }) => hosts.kill(),
  "the tokens of an account expire": ({ accounts, random }) => pick(random, accounts).expire(),
  "another program holds the database": holdDatabase,
  "somebody signs in to kiro-cli": signIn,
  "a person mends what they were told of": ({ store }) => heal(store),
}

/** Lets one of them happen; gives its name. */
export async function trouble(world: World): Promise<string> {
  const name = pick(world.random, Object.keys(TROUBLES))
  await TROUBLES[name]?.(world)
  return name
}

async function holdDatabase({ database, random }: World): Promise<void> {
  const other = await openDatabase(database)
  try {
    other.run("BEGIN IMMEDIATE")
  } catch {
    // One of the hosts is writing: it holds the database.
    return other.close()
  }
  await new Promise((resolve) => setTimeout(resolve, random() * 7_000))
  other.run("COMMIT")
  other.close()
}

/** A person signs in to kiro-cli, over whoever was: a new pair; the old one and the other's stay good. */
async function signIn({ accounts, kiroCli, random }: World): Promise<void> {
  const account = pick(random, accounts)
  account.signIn()
  await seedKiroCliStore({ path: kiroCli, accounts: [account] })
}
