import { isObject } from "../../json.ts"
import { type Check, good, problem } from "./finding.ts"
import { readConfigFiles } from "./opencode-config.ts"

/** Settings of OpenCode's own that would keep the provider `kiro` from us. */
export const providerCheck: Check = {
  title: "the provider",
  async look(context) {
    const files = readConfigFiles(context)
    const findings = files.flatMap(({ path, document }) => {
      const disabled: unknown = document?.["disabled_providers"]
      const enabled: unknown = document?.["enabled_providers"]
      const providers: unknown = document?.["provider"]
      const own = isObject(providers) ? providers["kiro"] : undefined
      const npm = isObject(own) ? own["npm"] : undefined
      return [
        ...(Array.isArray(disabled) && disabled.includes("kiro")
          ? [problem(`${path} disables the provider kiro`, 'Take "kiro" out of disabled_providers.')]
          : []),
        ...(Array.isArray(enabled) && !enabled.includes("kiro")
          ? [problem(`${path} enables other providers only`, 'Put "kiro" into enabled_providers.')]
          : []),
        ...(typeof npm === "string" && npm !== "@ai-sdk/openai-compatible"
          ? [
              problem(
                `${path} gives the provider kiro another package, ${npm}`,
                "Take provider.kiro.npm and provider.kiro.api out: the plugin sets them.",
              ),
            ]
          : []),
      ]
    })
    return findings.length > 0 ? findings : [good("nothing else claims the provider kiro")]
  },
}
