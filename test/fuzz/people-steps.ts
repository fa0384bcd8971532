import * as fc from "fast-check"
import type { Rotation, UsageCall } from "../accounts/people-service.ts"
import { ORDERS } from "./people-orders.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const PEOPLE = ["A", "B", "C"] as const
export type Person = (typeof PEOPLE)[number]

/** Two processes on one home. */
export type ProcessName = "one" | "other"

/** What anybody may do, or happen to them. */
export interface Act {
  readonly do:
    | "signs in to the Amazon Q CLI"
    | "signs in to the IDE"
    | "signs in here"
    | "signs in again here"
    | "gives a key"
    | "is switched off"
    | "is switched on"
    | "is removed"
    | "is removed while its pair is renewed"
    | "has no credits"
    | "has credits"
    | "is suspended"
  readonly person: Person
}

/** What happens at a time. */
export type Step =
  | { readonly do: "signs in to kiro-cli"; readonly person: Person; readonly registers: boolean }
  | Act
  | {
      readonly do: "asks"
      readonly session: string
      readonly process: ProcessName
      /** Whether it looks at other programs before it answers, where they wrote. */
      readonly looks: boolean
    }
  | { readonly do: "OpenCode restarts"; readonly process: ProcessName; readonly keyOf: Person | undefined }
  /** A pair that comes finds the database locked, and its process is killed behind the answer. */
  | { readonly do: "OpenCode is killed with a pair that waits"; readonly process: ProcessName }
  /** Its service ends one of their sign-ins: by an administrator, or because it is old. */
  | { readonly do: "is signed out by the service"; readonly person: Person; readonly which: "first" | "last" }
  | { readonly do: "time passes"; readonly ms: number }
  | { readonly do: "the usage call"; readonly is: UsageCall }
  | { readonly do: "the service rotates"; readonly how: Rotation }
  | {
      readonly do:
        | "kiro-cli renews"
        | "kiro-cli signs out"
        | "the IDE renews"
        | "the IDE signs out"
        | "the Amazon Q CLI renews"
        | "an older plugin copies kiro-cli's login"
        | "the Amazon Q CLI has what kiro-cli has"
        | "kiro-cli keeps its login in a file too"
        | "the clock jumps ahead"
        | "the clock jumps back"
        | "kiro-cli's store goes away"
        | "kiro-cli's store comes back"
        | "kiro-cli's store is put back"
        | "access tokens are rejected"
        | "the import is asked for"
        | "an older version of ours renews"
        | "an older version of ours adopts what kiro-cli has"
    }

const person = fc.constantFrom<Person>("A", "A", "A", "B", "B", "C")
const anybody = <Do extends Step["do"]>(...what: readonly Do[]) =>
  fc.record({ do: fc.constantFrom(...what), person })
const process = fc.constantFrom<ProcessName>("one", "one", "other")

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("signs in to kiro-cli" as const),
      person,
      registers: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      do: fc.constantFrom("kiro-cli renews" as const, "kiro-cli renews", "the IDE renews"),
    }),
  },
  { weight: 4, arbitrary: anybody("signs in to the IDE") },
  { weight: 1, arbitrary: anybody("signs in to the Amazon Q CLI") },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("OpenCode is killed with a pair that waits" as const), process }),
  },
  {
    weight: 18,
    arbitrary: fc.record({
      do: fc.constant("asks" as const),
      session: fc.constantFrom("1", "2"),
      process,
      looks: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("time passes" as const),
      ms: fc.constantFrom(MINUTE, 20 * MINUTE, HOUR / 2, 2 * HOUR, 2 * HOUR, 30 * HOUR),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("the usage call" as const),
      is: fc.constantFrom<UsageCall>("up", "up", "down", "refused", "unsupported"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("the service rotates" as const),
      how: fc.constantFrom<Rotation>("single-use", "repeated", "tolerant"),
    }),
  },
  { weight: 2, arbitrary: anybody("signs in here", "signs in here", "signs in again here") },
  { weight: 1, arbitrary: anybody("gives a key") },
  { weight: 2, arbitrary: anybody("is removed while its pair is renewed") },
  { weight: 3, arbitrary: anybody("is switched off", "is switched on", "is removed") },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("is signed out by the service" as const),
      person,
      which: fc.constantFrom("first", "last"),
    }),
  },
  { weight: 2, arbitrary: anybody("has no credits", "has credits", "is suspended") },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("OpenCode restarts" as const),
      process,
      keyOf: fc.option(person, { nil: undefined }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "kiro-cli signs out" as const,
        "the IDE signs out",
        "the Amazon Q CLI renews",
        "an older plugin copies kiro-cli's login",
        "the Amazon Q CLI has what kiro-cli has",
        "kiro-cli keeps its login in a file too",
        "the clock jumps ahead",
        "the clock jumps back",
        "kiro-cli's store goes away",
        "kiro-cli's store comes back",
        "kiro-cli's store is put back",
        "kiro-cli's store is put back",
        "access tokens are rejected",
        "the import is asked for",
        "an older version of ours renews",
        "an older version of ours adopts what kiro-cli has",
      ),
    }),
  },
)

/** Near one of the known orders: with other steps between, and without some. */
const nearby = fc
  .tuple(
    fc.constantFrom(...ORDERS),
    fc.array(fc.record({ at: fc.nat(12), step: fc.option(step, { nil: undefined }) }), { maxLength: 6 }),
  )
  .map(([order, changes]) =>
    changes.reduce<readonly Step[]>(
      (steps, change) =>
        change.step === undefined
          ? steps.toSpliced(change.at, 1)
          : steps.toSpliced(change.at, 0, change.step),
      order,
    ),
  )

/** What happens in a home, and whether all of it is told apart in the end. */
export interface Sequence {
  readonly steps: readonly Step[]
  readonly endsWell: boolean
}

export const sequences: fc.Arbitrary<Sequence> = fc.record({
  steps: fc.oneof(fc.array(step, { minLength: 4, maxLength: 18 }), nearby),
  endsWell: fc.constantFrom(false, false, true),
})
