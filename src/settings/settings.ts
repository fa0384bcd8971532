export type SelectionStrategy = "sticky" | "round-robin" | "lowest-usage"
export type LogLevel = "debug" | "info" | "warn" | "error"

/** kiro.json, the project's file and the environment, checked and merged. Durations are ms. */
export interface Settings {
  readonly autoSyncKiroCli: boolean
  readonly accountSelectionStrategy: SelectionStrategy
  readonly defaultRegion: string
  readonly idcStartUrl?: string
  readonly idcRegion?: string
  readonly idcProfileArn?: string
  readonly rateLimitRetryDelayMs: number
  readonly rateLimitMaxRetries: number
  readonly maxRequestIterations: number
  readonly requestTimeoutMs: number
  readonly tokenExpiryBufferMs: number
  readonly usageSyncMaxRetries: number
  readonly usageTrackingEnabled: boolean
  readonly useOverage: boolean
  readonly enableLogApiRequest: boolean
  readonly logPrompts: boolean
  readonly logLevel: LogLevel
  readonly toasts: boolean
  readonly endpointOverride?: string
}

export const DEFAULT_SETTINGS: Settings = {
  autoSyncKiroCli: true,
  accountSelectionStrategy: "lowest-usage",
  defaultRegion: "us-east-1",
  rateLimitRetryDelayMs: 5000,
  rateLimitMaxRetries: 3,
  maxRequestIterations: 20,
  requestTimeoutMs: 120_000,
  tokenExpiryBufferMs: 120_000,
  usageSyncMaxRetries: 3,
  usageTrackingEnabled: true,
  useOverage: true,
  enableLogApiRequest: false,
  logPrompts: false,
  logLevel: "info",
  toasts: true,
}
