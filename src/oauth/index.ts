export { oidcOrigin, ORIGINAL_HOST_HEADER, routed, SOCIAL_ORIGIN, type OidcOrigin } from "./hosts.ts"
