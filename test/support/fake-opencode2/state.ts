/** What plugins write into a domain: callbacks, replayed on fresh data at each rebuild. */

export interface Registration {
  dispose(): Promise<void>
}

export interface Domain<Data, Editor> {
  readonly data: () => Data
  readonly transform: (callback: (editor: Editor) => unknown) => Promise<Registration>
  readonly reload: () => Promise<void>
}

export function createDomain<Data, Editor>(
  initial: () => Data,
  editorOf: (data: Data) => Editor,
  /** Everything that a plugin registers ends with it. */
  registrations: Registration[],
): Domain<Data, Editor> {
  const callbacks: ((editor: Editor) => unknown)[] = []
  let data = initial()

  function rebuild(): void {
    const next = initial()
    for (const callback of callbacks) {
      const result = callback(editorOf(next))
      if (result instanceof Promise) throw new Error("a transform has to be synchronous")
    }
    data = next
  }

  return {
    data: () => data,
    async transform(callback) {
      callbacks.push(callback)
      const registration = {
        async dispose() {
          const index = callbacks.indexOf(callback)
          if (index < 0) return
          callbacks.splice(index, 1)
          rebuild()
        },
      }
      registrations.push(registration)
      rebuild()
      return registration
    },
    async reload() {
      rebuild()
    },
  }
}

/** Callbacks that are run in their order, each until its promise settles. */
export interface Hooks {
  readonly hook: (name: string, callback: unknown, filter?: unknown) => Promise<Registration>
  readonly trigger: <Event extends object>(name: string, event: Event, providerID?: string) => Promise<Event>
}

export function createHooks(registrations: Registration[]): Hooks {
  const hooks: { name: string; callback: (event: object) => unknown; providerID: string | undefined }[] = []
  return {
    async hook(name, callback, filter) {
      if (typeof callback !== "function") throw new TypeError("a hook is a function")
      const providerID = (filter as { providerID?: string } | undefined)?.providerID
      const entry = {
        name,
        callback: (event: object): unknown => Reflect.apply(callback, undefined, [event]),
        providerID,
      }
      hooks.push(entry)
      const registration = {
        async dispose() {
          const index = hooks.indexOf(entry)
          if (index >= 0) hooks.splice(index, 1)
        },
      }
      registrations.push(registration)
      return registration
    },
    async trigger(name, event, providerID) {
      const due = hooks.filter(
        (entry) => entry.name === name && (entry.providerID === undefined || entry.providerID === providerID),
      )
      for (const { callback } of due) await callback(event)
      return event
    },
  }
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}

/** Of what is JSON, as the host copies it. `structuredClone` takes many times as long, and the host copies at each rebuild. */
export function copyOf<Value>(value: Value): Value {
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`a ${typeof value} can't be copied`)
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf) as Value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)])) as Value
}

/** The host decodes settings, headers and bodies as JSON: anything else throws. */
export function assertJson(value: unknown, at: string): void {
  if (value === null || ["string", "boolean"].includes(typeof value)) return
  if (typeof value === "number" && Number.isFinite(value)) return
  if (typeof value === "object") {
    for (const [key, inner] of Object.entries(value))
      if (inner !== undefined) assertJson(inner, `${at}.${key}`)
    return
  }
  throw new TypeError(`Expected JSON value at ${at}, got ${typeof value}`)
}
