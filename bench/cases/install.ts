import { diskSize, filesOf, productionPackages } from "../../test/package/production.ts"
import type { BenchCase } from "../harness.ts"

const SIZE = "size of an installation"
const PACKAGES = "packages that it brings"
const MEGABYTE = 1_000_000

/** An installation as it stands in node_modules, with what is built here. */
export function install(): BenchCase {
  return {
    name: "install",
    rounds: 1,
    limits: { [SIZE]: { atMost: 20 }, [PACKAGES]: { atMost: 45 } },
    async round() {
      const packages = productionPackages()
      const size = diskSize([...packages, { folder: "dist" }].flatMap(filesOf))
      return [
        { row: SIZE, unit: "MB", ours: size / MEGABYTE },
        { row: PACKAGES, unit: "", ours: packages.length },
      ]
    },
  }
}
