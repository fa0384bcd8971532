import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises"
import { dirname } from "node:path"

/**
 * Replaces a file whole, for its owner alone: a reader sees the old text or the new one, never a part. `unique` tells
 * two writers of one moment apart. Rejects with the error of the file system; the old file then stands.
 */
export async function replaceFile({
  path,
  text,
  unique,
}: {
  readonly path: string
  readonly text: string
  readonly unique: string
}): Promise<void> {
  const draft = `${path}.${unique}.tmp`
  await mkdir(dirname(path), { recursive: true })
  try {
    await writeFile(draft, text, { mode: 0o600 })
    await chmod(draft, 0o600)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
