import type { KiroEvent, TokenUsage } from "../../kiro/index.ts"

type RecordedEvent = Extract<KiroEvent, { type: "metadataEvent" | "contextUsageEvent" | "meteringEvent" }>

/** What the service tells of a turn beside its content. A later event wins, but never with nothing. */
export interface TurnRecord {
  push(event: RecordedEvent): void
  readonly stopReason: string | undefined
  readonly tokenUsage: TokenUsage | undefined
  /** 0 where the service did not say. */
  readonly contextUsagePercentage: number
  readonly credits: number
}

export function createTurnRecord(): TurnRecord {
  const record = {
    stopReason: undefined as string | undefined,
    tokenUsage: undefined as TokenUsage | undefined,
    contextUsagePercentage: 0,
    credits: 0,
    push(event: RecordedEvent): void {
      switch (event.type) {
        case "metadataEvent":
          record.stopReason = event.stopReason ?? record.stopReason
          record.tokenUsage = event.tokenUsage ?? record.tokenUsage
          record.contextUsagePercentage =
            event.tokenUsage?.contextUsagePercentage || record.contextUsagePercentage
          return
        case "contextUsageEvent":
          record.contextUsagePercentage = event.contextUsagePercentage || record.contextUsagePercentage
          return
        case "meteringEvent":
          if (/^(?:credits?)?$/i.test(event.unit)) record.credits += event.usage
          return
        default:
          event satisfies never
      }
    },
  }
  return record
}
