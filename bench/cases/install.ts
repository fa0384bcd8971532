import { diskSize, filesOf, productionPackages } from "../../test/package/production.ts"
import type { BenchCase } from "../harness.ts"

const SIZE = "size of the production dependencies"
const PACKAGES = "their number"
const MEGABYTE = 1_000_000

/** What an installation brings, as it stands in node_modules. */
export function install(): BenchCase {
  return {
    name: "install",
    rounds: 1,
    limits: { [SIZE]: { atMost: 20 }, [PACKAGES]: { atMost: 45 } },
    async round() {
      const packages = productionPackages()
      return [
        { row: SIZE, unit: "MB", ours: diskSize(packages.flatMap(filesOf)) / MEGABYTE },
        { row: PACKAGES, unit: "", ours: packages.length },
      ]
    },
  }
}
