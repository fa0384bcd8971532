const BUILDER_ID_HOST = "view.awsapps.com"
export const BUILDER_ID_REGION = "us-east-1"

/** The start URL of an Identity Center login; `undefined` for AWS Builder ID, which has one for everybody. */
export function identityCenterUrl(startUrl: string | undefined): string | undefined {
  if (startUrl === undefined || !URL.canParse(startUrl)) return undefined
  return new URL(startUrl).host === BUILDER_ID_HOST ? undefined : startUrl
}
