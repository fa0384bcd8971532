import type { Act, Person, Step } from "./people-steps.ts"

const HOUR = 3_600_000

const signsIn = (person: Person, registers = false): Step => ({
  do: "signs in to kiro-cli",
  person,
  registers,
})
const asks: Step = { do: "asks", session: "1", process: "one", looks: true }
const otherAsks: Step = { ...asks, process: "other" }
const ends: Step = { do: "time passes", ms: 2 * HOUR }
const later: Step = { do: "time passes", ms: HOUR / 2 }
const down: Step = { do: "the usage call", is: "down" }
const refused: Step = { do: "the usage call", is: "refused" }
const up: Step = { do: "the usage call", is: "up" }
const renews: Step = { do: "kiro-cli renews" }
const putBack: Step = { do: "kiro-cli's store is put back" }
const copied: Step = { do: "an older plugin copies kiro-cli's login" }
const amazonHas: Step = { do: "the Amazon Q CLI has what kiro-cli has" }
const fileHas: Step = { do: "kiro-cli keeps its login in a file too" }
const signedOut = (which: "first" | "last"): Step => ({
  do: "is signed out by the service",
  person: "A",
  which,
})
const does = (what: Act["do"], person: Person = "A"): Step => ({ do: what, person })
const withKey = (keyOf: Person | undefined): Step => ({ do: "OpenCode restarts", process: "one", keyOf })

const dies: Step = { do: "OpenCode is killed with a pair that waits", process: "one" }
const away: Step = { do: "kiro-cli's store goes away" }
const back: Step = { do: "kiro-cli's store comes back" }
const ideRenews: Step = { do: "the IDE renews" }
const amazonRenews: Step = { do: "the Amazon Q CLI renews" }
const cliSignsOut: Step = { do: "kiro-cli signs out" }

/** Orders of events that were hard once: the random ones begin near them as often as anywhere. */
export const ORDERS: readonly (readonly Step[])[] = [
  [signsIn("A"), asks, down, renews, asks, renews, ends, asks, up, later, asks],
  [signsIn("A"), asks, signsIn("B"), asks, putBack, renews, asks, ends, asks],
  [down, signsIn("A"), asks, signsIn("B"), asks, putBack, renews, asks, ends, asks, up, later, asks],
  [signsIn("A"), asks, down, renews, asks, does("is switched off"), up, later, asks],
  [down, signsIn("A"), asks, does("is removed"), renews, up, later, asks],
  [signsIn("A"), asks, does("is removed"), down, does("signs in here"), up, later, asks],
  [signsIn("A"), asks, down, renews, asks, does("is removed"), ends, asks],
  [signsIn("A"), copied, asks, ends, renews, asks, ends, asks],
  [refused, signsIn("A"), fileHas, copied, ends, renews, asks, ends, otherAsks],
  [signsIn("A"), amazonHas, asks, renews, does("signs in to the Amazon Q CLI", "B"), asks, ends, asks],
  [signsIn("A"), copied, renews, asks, signsIn("B"), copied, asks, ends, asks],
  [signsIn("A"), copied, renews, ends, asks, copied, asks, signsIn("B"), asks, ends, asks],
  [signsIn("A"), copied, renews, amazonHas, asks, signsIn("A", true), asks, signsIn("B", true), copied, asks],
  [signsIn("A"), amazonHas, asks, ends, renews, asks, does("is removed"), ends, amazonHas, asks],
  [down, signsIn("B"), asks, signsIn("B", true), asks, ends, putBack, renews, up, later, asks, ends, asks],
  [signsIn("A"), copied, renews, asks, { do: "the clock jumps back" }, ends, asks, copied, asks],
  [down, signsIn("A"), asks, signsIn("A"), up, asks, signedOut("last"), ends, asks],
  [withKey("A"), asks, signsIn("A"), otherAsks, { do: "is removed while its pair is renewed", person: "A" }],
  [
    withKey("A"),
    asks,
    does("signs in here"),
    withKey(undefined),
    asks,
    withKey("A"),
    asks,
    does("is switched off"),
  ],
  [
    signsIn("A"),
    asks,
    ends,
    { do: "kiro-cli's store goes away" },
    asks,
    does("is removed"),
    signsIn("B"),
    asks,
  ],
  [
    does("signs in to the IDE"),
    asks,
    down,
    ideRenews,
    asks,
    does("is switched off"),
    ends,
    asks,
    up,
    later,
    asks,
  ],
  [signsIn("A"), does("signs in to the IDE"), asks, signsIn("B"), asks, does("is removed"), ideRenews, asks],
  [down, does("signs in to the IDE"), asks, does("signs in to the IDE", "B"), asks, ends, up, later, asks],
  [signsIn("A"), asks, down, dies, renews, asks, up, later, asks],
  [signsIn("A"), amazonHas, dies, asks, does("is removed"), dies, asks],
  [signsIn("A"), asks, ends, away, asks, later, later, ends, asks, back, renews, asks],
  [signsIn("A"), amazonHas, asks, signsIn("B"), amazonRenews, cliSignsOut, ends, asks, signsIn("A"), asks],
  [
    refused,
    signsIn("A"),
    asks,
    renews,
    asks,
    renews,
    asks,
    signedOut("last"),
    does("signs in again here"),
    asks,
  ],
  [
    refused,
    signsIn("A"),
    asks,
    signsIn("B"),
    asks,
    signedOut("first"),
    ends,
    asks,
    does("signs in again here", "B"),
  ],
  [down, signsIn("A"), copied, asks, does("is suspended"), renews, asks, up, later, asks, copied, asks],
  [
    down,
    signsIn("A"),
    asks,
    does("is switched off"),
    renews,
    asks,
    signsIn("B"),
    asks,
    does("is switched on"),
    asks,
  ],
  [does("gives a key"), asks, signsIn("A"), asks, does("is removed"), withKey("A"), asks, renews, asks],
  [
    down,
    signsIn("A"),
    asks,
    ends,
    renews,
    up,
    later,
    amazonHas,
    asks,
    signsIn("A", true),
    asks,
    renews,
    signsIn("B", true),
    asks,
    ends,
    asks,
  ],
]
