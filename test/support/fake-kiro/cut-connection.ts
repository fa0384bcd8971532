import type { ServerResponse } from "node:http"

/**
 * Resets the connection under an answer. What Bun can't reset is closed: a server's socket in Bun 1.3, and one under TLS
 * in any.
 */
export function cutConnection(response: ServerResponse): void {
  const { socket } = response
  if (socket !== null && "encrypted" in socket) socket.destroy()
  else socket?.resetAndDestroy()
  response.destroy()
}
