import * as z from "zod/mini"
// By this name: the other one is taken for a promise's by linters.
import { catch as otherwise } from "zod/mini"

/** A field that is not of its type counts as absent: the rest of the service's answer is still worth reading. */
export function lenient<Schema extends z.ZodMiniType>(
  schema: Schema,
): z.ZodMiniCatch<z.ZodMiniOptional<Schema>> {
  return otherwise(z.optional(schema), undefined)
}

export function text(): z.ZodMiniCatch<z.ZodMiniOptional<z.ZodMiniString>> {
  return lenient(z.string().check(z.minLength(1)))
}
