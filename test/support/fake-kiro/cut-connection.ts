import type { ServerResponse } from "node:http"

/** Resets the connection under an answer. Bun 1.3 takes no `resetAndDestroy` of a server's socket: there it is closed. */
export function cutConnection(response: ServerResponse): void {
  response.socket?.resetAndDestroy()
  response.destroy()
}
