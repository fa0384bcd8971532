/**
 * `answer-server.ts`: a service in a process of its own; prints its URL. Each answer says when its request was there; that
 * to `/word` comes later, behind its headers, and its one word is when it was written. Both on the machine's own clock.
 */
import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { eventFrame } from "../test/support/fake-kiro/index.ts"
import { sharedNow } from "./harness.ts"

const ANSWER = Buffer.concat([
  ...["Hello", " from", " the", " service", "."].map((content) =>
    eventFrame("assistantResponseEvent", { content }),
  ),
  eventFrame("contextUsageEvent", { contextUsagePercentage: 1.5 }),
  eventFrame("meteringEvent", { unit: "credit", unitPlural: "credits", usage: 0.01 }),
])

const server = createServer((request, response) => {
  const arrivedAt = sharedNow()
  request.resume().on("end", () => {
    response.writeHead(200, {
      "content-type": "application/vnd.amazon.eventstream",
      "x-arrived-at": String(arrivedAt),
    })
    if (request.url === "/word") sayLater(response)
    else response.end(ANSWER)
  })
})
/** So that the headers have left and the reader waits, as it does for a real model. */
function sayLater(response: ServerResponse): void {
  response.flushHeaders()
  setTimeout(() => {
    response.end(eventFrame("assistantResponseEvent", { content: String(sharedNow()) }))
  }, 2)
}

server.listen(0, "127.0.0.1")
await once(server, "listening")
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
