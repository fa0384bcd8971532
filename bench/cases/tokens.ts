import { startFakeKiro } from "../../test/support/fake-kiro/index.ts"
import { temporaryFolder } from "../../test/support/temporary-folder.ts"
import { Child } from "../../test/tokens/child.ts"
import { accountOf, EXPIRED, loginOf, openStore } from "../../test/tokens/setup.ts"
import type { BenchCase } from "../harness.ts"

const REFRESHES = "requests for a refresh of one single-use token by 8 processes"
const MISSED = "processes of the 8 that got no answer"

/** Eight processes whose shared token has expired ask for it at once. */
export function tokens(): BenchCase {
  return {
    name: "tokens",
    rounds: 3,
    limits: { [REFRESHES]: { atMost: 1 }, [MISSED]: { atMost: 0 } },
    async round() {
      const fake = await startFakeKiro()
      const folder = temporaryFolder()
      const store = await openStore(folder)
      const person = fake.account()
      await store.add(accountOf(loginOf(person, EXPIRED)))
      const children = await Promise.all(Array.from({ length: 8 }, () => Child.start(folder, fake.url)))
      for (const child of children) child.go()
      const answers = await Promise.all(children.map((child) => child.token()))
      await Promise.all(children.map((child) => child.exit()))
      await store.close()
      await fake.close()
      const missed = answers.filter((token) => token !== person.accessToken).length
      return [
        { row: REFRESHES, unit: "", ours: fake.received("CreateToken").length },
        { row: MISSED, unit: "", ours: missed },
      ]
    },
  }
}
