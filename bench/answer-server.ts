/** `answer-server.ts`: a service in a process of its own; prints its URL. Each answer says when its request was there. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { eventFrame } from "../test/support/fake-kiro/index.ts"

const ANSWER = Buffer.concat([
  ...["Hello", " from", " the", " service", "."].map((content) =>
    eventFrame("assistantResponseEvent", { content }),
  ),
  eventFrame("contextUsageEvent", { contextUsagePercentage: 1.5 }),
  eventFrame("meteringEvent", { unit: "credit", unitPlural: "credits", usage: 0.01 }),
])

const server = createServer((request, response) => {
  const arrivedAt = performance.timeOrigin + performance.now()
  request.resume().on("end", () => {
    response.writeHead(200, {
      "content-type": "application/vnd.amazon.eventstream",
      "x-arrived-at": String(arrivedAt),
    })
    response.end(ANSWER)
  })
})
server.listen(0, "127.0.0.1")
await once(server, "listening")
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
