interface EmptyPlugin {
  readonly id: string
  readonly server: () => Promise<{ readonly config: () => Promise<void> }>
}

/** What the start is compared with: a plugin that does nothing. */
const plugin: EmptyPlugin = {
  id: "empty",
  server: () => Promise.resolve({ config: () => Promise.resolve() }),
}

export default plugin
