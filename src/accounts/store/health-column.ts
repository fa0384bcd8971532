import { isObject, numberField, stringField } from "../../json.ts"
import { COOLING_REASONS, type Health, REVOKED_REASONS } from "../account.ts"
import { present } from "./row.ts"

/** A reason that a newer version added is read as the mildest one of its state; anything else unknown is `ok`. */
export function readHealth(value: unknown): Health {
  if (!isObject(value)) return { state: "ok" }
  const message = present({ message: stringField(value, "message") })
  const since = numberField(value, "since") ?? 0
  if (value["state"] === "revoked") {
    const reason = REVOKED_REASONS.find((known) => known === value["reason"]) ?? "login-expired"
    return { state: "revoked", since, reason, ...message }
  }
  const until = numberField(value, "until")
  if (value["state"] !== "cooling" || until === undefined) return { state: "ok" }
  const reason = COOLING_REASONS.find((known) => known === value["reason"]) ?? "throttled"
  const times = numberField(value, "times") ?? 1
  return { state: "cooling", since, until, reason, times, ...message, ...readProfiles(value["profiles"]) }
}

function readProfiles(value: unknown): { readonly profiles?: readonly string[] } {
  return Array.isArray(value) ? { profiles: value.filter((arn) => typeof arn === "string") } : {}
}
