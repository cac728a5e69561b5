import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A folder for one test, gone when it ends. */
export function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cabinet-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
