export {
  type DeviceAuthorization,
  DeviceAuthorizationError,
  type DeviceErrorCode,
  type DeviceTokens,
} from "./device/authorization.ts"
export {
  type IdcFlow,
  pollForIdcTokens,
  type RegistrationPlace,
  type RegistrationStore,
  startIdcDeviceAuthorization,
} from "./device/idc.ts"
export { pollForSocialTokens, type SocialProvider, startSocialDeviceAuthorization } from "./device/social.ts"
export { oidcOrigin, SOCIAL_ORIGIN } from "./hosts.ts"
export { REFRESH_DEADLINE_MS, type RefreshResult, refreshTokens } from "./refresh.ts"
export type { ClientRegistration, RefreshGrant, TokenSet } from "./token-set.ts"
