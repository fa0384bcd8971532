import { execFileSync, spawnSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** A certificate of the real host names, by an authority that exists only for this run. */
export interface Certificates {
  readonly caFile: string
  readonly key: string
  readonly certificate: string
}

const REGIONS = ["us-east-1", "us-west-2", "eu-central-1", "eu-north-1", "eu-west-1"]

/** Every host that the product may speak to. */
export const REAL_HOSTS: readonly string[] = [
  "prod.us-east-1.auth.desktop.kiro.dev",
  ...REGIONS.flatMap((region) => [
    `q.${region}.amazonaws.com`,
    `oidc.${region}.amazonaws.com`,
    `runtime.${region}.kiro.dev`,
    `management.${region}.kiro.dev`,
  ]),
]

export function hasOpenssl(): boolean {
  return spawnSync("openssl", ["version"]).status === 0
}

/** Made by the `openssl` program, in this folder, good for two days. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string): string => join(folder, name)
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { cwd: folder, stdio: "pipe" })
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  const names = REAL_HOSTS.map((host) => `DNS:${host}`).join(",")
  writeFileSync(at("leaf.ext"), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`)
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "2",
    "-subj",
    "/CN=Test authority",
  )
  openssl("req", ...newKey, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=Fake Kiro")
  openssl(
    "x509",
    "-req",
    "-in",
    "leaf.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-out",
    "leaf.pem",
    "-days",
    "2",
    "-extfile",
    "leaf.ext",
  )
  const [key, certificate] = [readFileSync(at("leaf.key"), "utf8"), readFileSync(at("leaf.pem"), "utf8")]
  return { caFile: at("ca.pem"), key, certificate }
}
