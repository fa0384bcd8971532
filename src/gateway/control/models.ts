import { networkFailure, ORIGIN, readModelEntries } from "../../kiro/index.ts"
import { callControl, type ControlClient, type ControlTarget } from "./call.ts"
import { type Paged, readPages } from "./pages.ts"

/** The whole list of an account in its service region, as the service's own entries. An empty list is a failure. */
export async function fetchModels(
  client: ControlClient,
  target: ControlTarget,
  signal?: AbortSignal,
): Promise<Paged<unknown>> {
  const { profileArn } = target.access
  const list = await readPages({
    ask: (nextToken) =>
      callControl(client, target, {
        operation: "models",
        parameters: {
          origin: ORIGIN,
          ...(profileArn !== undefined && { profileArn }),
          ...(nextToken !== undefined && { nextToken }),
        },
        signal,
      }),
    read: readModelEntries,
  })
  if ("items" in list && list.items.length === 0)
    return { failure: networkFailure(new Error("the model list is empty")) }
  return list
}
