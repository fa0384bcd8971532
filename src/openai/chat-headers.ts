/** The session of a chat request, as OpenCode names it. */
export const SESSION_HEADER = "x-session-id"

/** What a chat request is for, as our own hook names it: `main`, `title` or `compaction`. */
export const PURPOSE_HEADER = "x-kiro-purpose"
