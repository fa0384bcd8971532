/** The flows. What a front end needs at its start, to judge what is typed, is in `input.ts`. */
export { type Logins, type NewSignIn, openLogins, type SignedIn, type SignIn } from "./flows.ts"
export { numberedProfiles } from "./texts.ts"
