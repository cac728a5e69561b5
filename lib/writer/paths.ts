/**
 * Which volume a path lies on: that of the longest mount path which is the path itself or a directory
 * above it. A path that starts with a volume name needs no table.
 */
import type { SnapshotSetInfo } from './events.ts'

const VOLUME_NAME = /^\\\\\?\\Volume\{[0-9a-f-]{36}\}(\\|$)/i

/** `%NAME%`, `$NAME` and `${NAME}` from the environment; unknown names stay as they are. */
export function expandEnvironment(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return path.replace(
    /%(\w+)%|\$\{(\w+)\}|\$(\w+)/g,
    (whole, percent?: string, braced?: string, bare?: string) =>
      environment[percent ?? braced ?? bare ?? ''] ?? whole,
  )
}

/** Whether a path, after expansion, lies on one of the set's volumes. */
export function isPathOnVolumes(path: string, set: SnapshotSetInfo): boolean {
  const expanded = expandEnvironment(path)
  const named = VOLUME_NAME.exec(expanded)
  const volumeName = named === null ? volumeOfPath(expanded, set.mountTable) : named[0]
  return volumeName !== undefined && set.volumeNames.some((name) => sameVolume(name, volumeName))
}

/** The volume of the longest mount path at or above `path`; undefined if there is none. */
export function volumeOfPath(
  path: string,
  mountTable: readonly { path: string; volumeName: string }[],
): string | undefined {
  let longest: { path: string; volumeName: string } | undefined
  for (const mount of mountTable) {
    if (isAtOrBelow(path, mount.path) && (longest === undefined || mount.path.length > longest.path.length)) {
      longest = mount
    }
  }
  return longest?.volumeName
}

export function sameVolume(a: string, b: string): boolean {
  return a.replace(/\\$/, '').toLowerCase() === b.replace(/\\$/, '').toLowerCase()
}

function isAtOrBelow(path: string, directory: string): boolean {
  const bare = directory.replace(/[/\\]+$/, '')
  if (bare === '') return path.startsWith('/')
  return path === bare || path.startsWith(`${bare}/`) || path.startsWith(`${bare}\\`)
}
