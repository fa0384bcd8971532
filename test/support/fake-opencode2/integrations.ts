import { createDomain, type Domain, type Registration } from "./state.ts"

/** Logins, after `core/integration.ts`, `core/credential.ts` and `plugin/promise/integration.ts`. */

export type Credential =
  | { readonly type: "key"; readonly key: string }
  | {
      readonly type: "oauth"
      readonly methodID: string
      readonly access: string
      readonly refresh: string
      readonly expires: number
      readonly metadata?: Readonly<Record<string, unknown>>
    }

export interface Method {
  readonly id?: string
  readonly type: "oauth" | "key" | "env" | "command" | "external"
  readonly label?: string
  readonly form?: readonly FormField[]
  readonly names?: readonly string[]
}

interface FormField {
  readonly key: string
  readonly type: string
  readonly title?: string
  readonly required?: boolean
  readonly pattern?: string
  readonly default?: unknown
  readonly options?: readonly { readonly value: string; readonly label?: string }[]
  readonly when?: readonly { readonly key: string; readonly op: "eq" | "neq"; readonly value: unknown }[]
}

export type Answer = Readonly<Record<string, unknown>>

export interface MethodRegistration {
  readonly integrationID: string
  readonly method: Method
  readonly authorize?: (answer: Answer) => Promise<Authorization>
  readonly refresh?: (credential: Credential) => Promise<Credential>
  readonly label?: (credential: Credential) => string | undefined
}

interface Authorization {
  readonly url: string
  readonly instructions: string
  readonly mode: "auto" | "code"
  readonly device?: boolean
  readonly expiresAt?: number
  readonly callback: Promise<Credential> | ((code: string) => Promise<Credential>)
}

interface Integration {
  readonly id: string
  name: string
  readonly methods: MethodRegistration[]
}

export interface IntegrationEditor {
  list(): readonly Integration[]
  get(id: string): Integration | undefined
  update(id: string, update: (integration: Integration) => void): void
  remove(id: string): void
  readonly method: {
    list(id: string): readonly Method[]
    update(registration: MethodRegistration): void
    remove(id: string, method: Method): void
  }
}

const METHOD_TYPES = new Set(["oauth", "key", "env", "command", "external"])
const FIELD_TYPES = new Set(["string", "number", "integer", "boolean", "multiselect", "select", "text"])

export function createIntegrationDomain(
  registrations: Registration[],
): Domain<Map<string, Integration>, IntegrationEditor> {
  return createDomain<Map<string, Integration>, IntegrationEditor>(
    () => new Map(),
    (data) => {
      const entry = (id: string): Integration => {
        const known = data.get(id) ?? { id, name: id, methods: [] }
        data.set(id, known)
        return known
      }
      const sameMethod = (one: Method, other: Method): boolean =>
        one.type === other.type && one.id === other.id
      return {
        list: () => [...data.values()],
        get: (id) => data.get(id),
        update: (id, update) => update(entry(id)),
        remove: (id) => void data.delete(id),
        method: {
          list: (id) => entry(id).methods.map(({ method }) => method),
          update(registration) {
            assertMethod(registration)
            const { methods } = entry(registration.integrationID)
            const index = methods.findIndex(({ method }) => sameMethod(method, registration.method))
            if (index < 0) methods.push(registration)
            else methods[index] = registration
          },
          remove(id, method) {
            const { methods } = entry(id)
            const index = methods.findIndex((known) => sameMethod(known.method, method))
            if (index >= 0) methods.splice(index, 1)
          },
        },
      }
    },
    registrations,
  )
}

function assertMethod({ method, authorize }: MethodRegistration): void {
  if (!METHOD_TYPES.has(method.type)) throw new TypeError(`unknown method type ${method.type}`)
  if (method.type === "oauth" && typeof authorize !== "function") throw new TypeError("oauth needs authorize")
  if (["oauth", "command", "external"].includes(method.type)) {
    if (typeof method.id !== "string" || method.id === "") throw new TypeError(`${method.type} needs an id`)
    if (typeof method.label !== "string" || method.label === "")
      throw new TypeError(`${method.type} needs a label`)
  }
  if (method.form !== undefined && !Array.isArray(method.form))
    throw new TypeError("a form is a list of fields")
  const keys = new Set<string>()
  for (const field of method.form ?? []) {
    if (typeof field.key !== "string" || field.key === "" || keys.has(field.key))
      throw new TypeError(`form field ${field.key}`)
    keys.add(field.key)
    if (!FIELD_TYPES.has(field.type)) throw new TypeError(`form field ${field.key}: type ${field.type}`)
    for (const { key, op } of field.when ?? [])
      if (!keys.has(key) || !["eq", "neq"].includes(op))
        throw new TypeError(`form field ${field.key}: when ${key}`)
  }
}

export interface StoredCredential {
  readonly id: string
  readonly integrationID: string
  readonly label: string
  readonly value: Credential
}

/** One store for the whole host. The newest of an integration is the active one, until the user switches. */
export class Credentials {
  readonly stored: StoredCredential[] = []
  readonly statuses: { readonly integrationID: string; readonly status: unknown }[] = []
  readonly #active = new Map<string, string>()
  #count = 0

  put(integrationID: string, value: Credential, label: string): StoredCredential {
    assertCredential(value)
    const stored = { id: `crd_${++this.#count}`, integrationID, label, value: structuredClone(value) }
    this.stored.push(stored)
    this.#active.set(integrationID, stored.id)
    return stored
  }

  active(integrationID: string): StoredCredential | undefined {
    const id = this.#active.get(integrationID)
    return this.stored.find((one) => one.id === id)
  }

  switchTo(integrationID: string, id: string): void {
    if (!this.stored.some((one) => one.id === id)) throw new Error(`no credential ${id}`)
    this.#active.set(integrationID, id)
  }

  remove(id: string): void {
    const index = this.stored.findIndex((one) => one.id === id)
    const [removed] = index < 0 ? [] : this.stored.splice(index, 1)
    if (removed === undefined) return
    const next = this.stored.findLast(({ integrationID }) => integrationID === removed.integrationID)
    if (next === undefined) this.#active.delete(removed.integrationID)
    else this.#active.set(removed.integrationID, next.id)
  }
}

function assertCredential(value: Credential): void {
  if (value.type === "key") {
    if (typeof value.key !== "string" || value.key === "") throw new TypeError("credential: key")
    return
  }
  if (value.type !== "oauth") throw new TypeError("credential: type")
  for (const field of ["methodID", "access", "refresh"] as const)
    if (typeof value[field] !== "string") throw new TypeError(`credential: ${field}`)
  if (!Number.isFinite(value.expires)) throw new TypeError("credential: expires")
}

/** A login as `/connect` does it: the answer to the form is checked, and what the callback gives is stored. */
export async function connect(
  registration: MethodRegistration,
  answer: Answer,
  credentials: Credentials,
): Promise<Attempt> {
  const { authorize, method, integrationID, label } = registration
  assertAnswer(method.form ?? [], answer)
  const store = (value: Credential): StoredCredential => {
    if (value.type === "oauth" && value.methodID !== method.id)
      throw new TypeError("credential of another method")
    return credentials.put(integrationID, value, label?.(value) ?? method.label ?? integrationID)
  }
  if (method.type === "key") {
    const { key } = answer
    if (typeof key !== "string") throw new TypeError("a key is a text")
    return { url: "", instructions: "", complete: async () => store({ type: "key", key }) }
  }
  if (authorize === undefined) throw new TypeError(`nothing to authorize with: ${method.type}`)
  // Of one that rejects its user hears no word.
  const begun = await authorize(answer).catch(() => Promise.reject(new Error("UnexpectedStatus: 500")))
  const { url, instructions, mode, callback } = begun
  if (typeof url !== "string" || typeof instructions !== "string") throw new TypeError("authorization")
  if (mode === "auto") {
    if (!(callback instanceof Promise)) throw new TypeError("the callback of mode auto is a promise")
    const done = callback.then(store)
    // A login that fails before anybody waits for it must not bring the process down.
    done.catch(() => undefined)
    return { url, instructions, complete: async () => done }
  }
  if (typeof callback !== "function") throw new TypeError("the callback of mode code is a function")
  return { url, instructions, complete: async (code = "") => store(await callback(code)) }
}

export interface Attempt {
  readonly url: string
  readonly instructions: string
  /** Rejects with what the plugin threw: its message is shown. */
  complete(code?: string): Promise<StoredCredential>
}

function assertAnswer(form: readonly FormField[], answer: Answer): void {
  for (const field of form) {
    const isShown = (field.when ?? []).every(
      ({ key, op, value }) => (answer[key] === value) === (op === "eq"),
    )
    if (isShown && field.required === true && (answer[field.key] ?? field.default) === undefined)
      throw new Error(`${field.title ?? field.key} is required`)
    const typed = answer[field.key]
    if (
      field.pattern !== undefined &&
      typeof typed === "string" &&
      !new RegExp(field.pattern, "v").test(typed)
    )
      throw new Error(`${field.title ?? field.key}: not of the form that is asked for`)
    if (!isShown && answer[field.key] !== undefined) throw new Error(`${field.key} is not asked for`)
  }
}
