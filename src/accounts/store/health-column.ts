import { isObject, numberField, stringField } from "../../json.ts"
import type { CoolingReason, Health, RevokedReason } from "../account.ts"
import { present } from "./row.ts"

const COOLING: readonly CoolingReason[] = [
  "monthly-quota",
  "daily-quota",
  "overage-limit",
  "throttled",
  "not-authorized",
]
const REVOKED: readonly RevokedReason[] = ["suspended", "login-expired", "api-key-refused"]

/** A reason that a newer version added is read as the mildest one of its state; anything else unknown is `ok`. */
export function readHealth(value: unknown): Health {
  if (!isObject(value)) return { state: "ok" }
  const message = present({ message: stringField(value, "message") })
  const since = numberField(value, "since") ?? 0
  if (value["state"] === "revoked") {
    const reason = REVOKED.find((known) => known === value["reason"]) ?? "login-expired"
    return { state: "revoked", since, reason, ...message }
  }
  const until = numberField(value, "until")
  if (value["state"] !== "cooling" || until === undefined) return { state: "ok" }
  const reason = COOLING.find((known) => known === value["reason"]) ?? "throttled"
  return { state: "cooling", since, until, reason, times: numberField(value, "times") ?? 1, ...message }
}
