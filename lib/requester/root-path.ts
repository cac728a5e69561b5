/**
 * GetRootAndLogicalPrefixPaths: from the path of a file to what a set is told of.
 */
import { posix } from 'node:path'
import type { MountPoint } from '../coordinator/host.ts'
import { VssError } from '../errors.ts'
import { volumeOfPath } from '../writer/paths.ts'
import { requireText } from './preconditions.ts'

export interface RootAndLogicalPrefix {
  /** The mount path with a trailing slash, or `\\server\share\`: what addToSnapshotSet takes. */
  rootPath: string
  /** The name of the volume, or the share again: the same for all paths by which the volume is reached. */
  logicalPrefix: string
}

const UNC = /^\\\\(?<server>[^\\?.][^\\]*)\\(?<share>[^\\]+)(\\|$)/

/** @throws VssError `E_INVALIDARG`, `VSS_E_OBJECT_NOT_FOUND` */
export function rootAndLogicalPrefix(
  path: string,
  normalizeFQDN: boolean,
  mountTable: readonly MountPoint[],
): RootAndLogicalPrefix {
  requireText(path, 'path')
  const share = UNC.exec(path)?.groups
  if (share !== undefined) {
    const { server = '', share: name = '' } = share
    const host = normalizeFQDN ? server.toLowerCase().replace(/\.$/, '') : server
    const root = `\\\\${host}\\${name}\\`
    return { rootPath: root, logicalPrefix: root }
  }
  if (!posix.isAbsolute(path)) {
    throw new VssError('E_INVALIDARG', `path '${path}' is neither absolute nor a UNC path`, {
      culprit: 'path',
    })
  }
  const normal = posix.normalize(path)
  const [nearest] = mountTable
    .filter((mount) => volumeOfPath(normal, [mount]) !== undefined)
    .sort((a, b) => b.path.length - a.path.length)
  if (nearest === undefined) {
    throw new VssError('VSS_E_OBJECT_NOT_FOUND', `no volume of this host is mounted at or above '${path}'`, {
      culprit: path,
    })
  }
  const rootPath = nearest.path.endsWith('/') ? nearest.path : `${nearest.path}/`
  return { rootPath, logicalPrefix: nearest.volumeName }
}
