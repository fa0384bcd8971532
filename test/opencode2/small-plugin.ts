import { PURPOSE_HEADER } from "../../src/host/index.ts"
import type { ChatGateway } from "../../src/gateway/index.ts"
import { enterRegistry } from "../../src/opencode2/registry.ts"
import { FakeOpenCode2, type FakeLocation, type HostOptions } from "../support/fake-opencode2/index.ts"
import { PROVIDER } from "./lab.ts"

interface SmallContext {
  readonly location: { readonly directory: string }
  readonly provider: {
    transform(callback: (editor: { add(definition: object): void }) => void): Promise<unknown>
  }
  readonly session: { hook(name: string, callback: (event: never) => void, filter: object): Promise<unknown> }
}

/** As little of a plugin as the language model needs: a provider that leads to it, over a gateway of the test's. */
function smallPlugin(gateway: ChatGateway): { default: object } {
  return {
    default: {
      id: "small",
      async setup(context: SmallContext) {
        const { directory } = context.location
        await context.provider.transform((editor) => {
          editor.add({
            info: {
              id: "kiro",
              name: "Kiro",
              activation: "enabled",
              package: `aisdk:${PROVIDER}`,
              settings: { location: directory },
            },
            models: [
              model("claude-sonnet-4-5", 200_000),
              model("claude-opus-4-6", 1_000_000),
              model("claude-opus-4-8", 1_000_000),
              model("auto", 200_000),
            ],
          })
        })
        await context.session.hook(
          "model.request",
          (event: { kind: string; headers: Record<string, string> }) => {
            event.headers[PURPOSE_HEADER] = event.kind
          },
          { providerID: "kiro" },
        )
        return enterRegistry(directory, gateway)
      },
    },
  }
}

function model(id: string, context: number): object {
  return {
    id,
    modelID: id,
    providerID: "kiro",
    name: id,
    capabilities: { tools: true, input: ["text", "image", "pdf"], output: ["text"] },
    variants: [
      { id: "low", settings: { thinkingBudget: 8192 } },
      { id: "max", settings: { thinkingBudget: 32_768 } },
      { id: "high", settings: { reasoningEffort: "high" } },
    ],
    time: { released: 0 },
    cost: [],
    status: "active",
    enabled: true,
    limit: { context, output: 64_000 },
  }
}

let projects = 0

export async function openHost(
  gateway: ChatGateway,
  options: Partial<HostOptions> = {},
): Promise<{ host: FakeOpenCode2; project: FakeLocation } & AsyncDisposable> {
  const host = new FakeOpenCode2({ plugin: { module: smallPlugin(gateway) }, ...options })
  const project = await host.open(`/projects/${++projects}`)
  if (project.state !== "active") throw project.error
  return { host, project, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}
