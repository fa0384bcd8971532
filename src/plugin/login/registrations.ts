import type { RegistrationStore } from "../../oauth/index.ts"
import type { LoginStore } from "./dependencies.ts"
import { BUILDER_ID_START_URL } from "./start-url.ts"

/** The client registrations of the account store, which names no start URL for Builder ID. */
export function registrationsIn(store: LoginStore): RegistrationStore {
  return {
    async find({ loginRegion, startUrl }) {
      const stored = await store.registrations()
      return stored.find(
        (each) => each.loginRegion === loginRegion && (each.startUrl ?? BUILDER_ID_START_URL) === startUrl,
      )?.client
    },
    async save({ loginRegion, startUrl }, client) {
      const place = startUrl === BUILDER_ID_START_URL ? { loginRegion } : { loginRegion, startUrl }
      await store.saveRegistration({ ...place, client })
    },
  }
}
