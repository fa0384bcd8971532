import { writeFileSync } from "node:fs"
import { settingsJsonSchema } from "./settings-json-schema.ts"

/** `npm run schema`: writes the schema of kiro.json that the package ships. */
writeFileSync("kiro.schema.json", `${JSON.stringify(settingsJsonSchema(), undefined, 2)}\n`)
