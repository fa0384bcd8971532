import * as z from "zod/mini"
// Linters take a call of `catch` for a promise's.
import { catch as otherwise } from "zod/mini"
import { present, type Present } from "../json.ts"

/** A field that is not of its type counts as absent: the rest of the service's answer is still worth reading. */
export function lenient<Schema extends z.ZodMiniType>(
  schema: Schema,
): z.ZodMiniCatch<z.ZodMiniOptional<Schema>> {
  return otherwise(z.optional(schema), undefined)
}

export function text(): z.ZodMiniCatch<z.ZodMiniOptional<z.ZodMiniString>> {
  return lenient(z.string().check(z.minLength(1)))
}

/** The last instant that JavaScript has a date for, and the first (ECMA-262), in epoch ms. */
const LAST_MS = 8.64e15

/** An instant in epoch ms: what no date holds can't be shown. */
export function epochMs(): z.ZodMiniNumber {
  return z.number().check(z.gte(-LAST_MS), z.lte(LAST_MS))
}

/** The members of a list that are as they should be. */
export function listOf<Schema extends z.ZodMiniType>(
  schema: Schema,
): z.ZodMiniType<readonly z.output<Schema>[]> {
  return z.pipe(
    z.array(z.unknown()),
    z.transform((list) =>
      list.flatMap((member) => {
        const { success, data } = z.safeParse(schema, member)
        return success ? [data] : []
      }),
    ),
  )
}

/** What a record of these members is: those that are not there are left out. */
export type RecordOf<Shape extends z.core.$ZodShape> = Present<z.output<z.ZodMiniObject<Shape>>>

/** Members that this version does not know stay with the object that they came in. */
export function record<Shape extends z.core.$ZodShape>(shape: Shape): z.ZodMiniType<RecordOf<Shape>> {
  return z.pipe(
    z.looseObject(shape),
    z.transform((members: z.output<z.ZodMiniObject<Shape>>) => present(members)),
  )
}
