/**
 * Manifest.xml of saved metadata: which shadow copies they belong to and which file holds what, in the form that
 * DiskShadow writes (reference 5.3).
 */
import { checkedText, requireString } from '../document/values.ts'
import type { DocumentKind, Element, XmlLimits } from '../document/xml.ts'
import {
  addChild,
  childElements,
  createDocument,
  excerpt,
  optionalChild,
  parseDocument,
  requiredChild,
  rootOf,
  serializeDocument,
} from '../document/xml.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, GUID_NULL, type Guid, isGuid, parseGuid } from '../ids.ts'

/** A shadow copy of the set. */
export interface SavedShadowCopy {
  snapshotId: Guid
  /** The name a script knows it by; `null` where it has none. */
  alias: string | null
  /** As it was given to AddToSnapshotSet, `C:\` for example. */
  originalVolume: string
  /** GUID_NULL where the choice was left to VSS. */
  providerId: Guid
}

export interface SavedSnapshotSet {
  snapshotSetId: Guid
  /** The machine whose volumes these are. */
  machineName: string
  shadowCopies: SavedShadowCopy[]
}

/** A name of the alias environment, and what it stands for. */
export interface SavedAlias {
  name: string
  value: string
}

export interface Manifest {
  set: SavedSnapshotSet | null
  /** Name of the file with the Backup Components Document. */
  backupComponentsFile: string
  aliases: SavedAlias[]
  writers: { name: string; metadataFile: string }[]
  logFile: string | null
}

export const MANIFEST_FILE = 'Manifest.xml'

const MANIFEST: DocumentKind = { root: 'Manifest', namespace: null, versioned: false }

/**
 * @param xml - text, or bytes in UTF-16 or UTF-8
 * @throws VssError `VSS_E_CORRUPT_XML_DOCUMENT` if it is not well-formed, `VSS_E_INVALID_XML_DOCUMENT` if it is no
 *   manifest or counts other writers than it names
 */
export function readManifest(xml: string | Uint8Array, limits: Partial<XmlLimits>): Manifest {
  const root = rootOf(parseDocument(xml, MANIFEST, limits))
  const set = optionalChild(root, 'ShadowCopySet')
  const aliases = optionalChild(root, 'Aliases')
  const log = optionalChild(root, 'Logfile')
  return {
    set: set && readSet(set),
    backupComponentsFile: fileName(requiredChild(root, 'BackupComponents'), 'File'),
    aliases: (aliases ? childElements(aliases, 'Alias') : []).map((alias) => ({
      name: requireString(alias, 'Name'),
      value: requireString(alias, 'Value'),
    })),
    writers: readWriters(requiredChild(root, 'Writers')),
    logFile: log && requireString(log, 'Name'),
  }
}

function readSet(element: Element): SavedSnapshotSet {
  return {
    snapshotSetId: requireBraced(element, 'GUID'),
    machineName: requireString(element, 'MachineName'),
    shadowCopies: childElements(element, 'ShadowCopy').map((copy) => ({
      snapshotId: requireBraced(copy, 'GUID'),
      alias: copy.getAttribute('Alias') || null,
      originalVolume: requireString(copy, 'OriginalVolume'),
      providerId: copy.getAttribute('Provider') === null ? GUID_NULL : requireBraced(copy, 'Provider'),
    })),
  }
}

function readWriters(element: Element): Manifest['writers'] {
  const writers = childElements(element, 'Writer').map((writer) => ({
    name: requireString(writer, 'Name').replaceAll('%s', ' '),
    metadataFile: fileName(writer, 'MetadataFile'),
  }))
  const count = element.getAttribute('Count')
  if (count !== null && count !== String(writers.length)) {
    throw invalid(`the manifest counts ${excerpt(count)} writers and names ${writers.length}`)
  }
  return writers
}

/**
 * A manifest says where the file lay before it was packed, in whatever directory of whatever system that was. All of
 * them lie beside the manifest now, so the last part of the path is the name.
 */
function fileName(element: Element, attribute: string): string {
  const path = requireString(element, attribute)
  const name = path.split(/[\\/]/).at(-1) ?? ''
  if (name === '' || name === '.' || name === '..' || name.includes(':')) {
    throw invalid(`${attribute} of the manifest names no file: '${excerpt(path)}'`)
  }
  return name
}

function requireBraced(element: Element, attribute: string): Guid {
  const text = requireString(element, attribute)
  const bare = /^\{(.*)\}$/.exec(text)?.[1]?.toLowerCase()
  if (bare === undefined || !isGuid(bare)) {
    throw invalid(`${attribute} of ${element.localName} is '${excerpt(text)}', expected a GUID in braces`)
  }
  return bare
}

/** @throws VssError `E_INVALIDARG` for text that XML cannot carry or an id that is none */
export function writeManifest(manifest: Manifest): string {
  const document = createDocument(MANIFEST)
  const root = rootOf(document)
  const add = (parent: Element, name: string, attributes: Record<string, string>): Element => {
    const child = addChild(parent, name)
    for (const [attribute, value] of Object.entries(attributes)) {
      child.setAttribute(attribute, checkedText(value, attribute))
    }
    return child
  }
  if (manifest.set !== null) {
    const { snapshotSetId, machineName, shadowCopies } = manifest.set
    const set = add(root, 'ShadowCopySet', {
      GUID: bracedGuid(parseGuid(snapshotSetId, 'snapshotSetId')),
      MachineName: machineName,
    })
    for (const { snapshotId, alias, originalVolume, providerId } of shadowCopies) {
      add(set, 'ShadowCopy', {
        GUID: bracedGuid(parseGuid(snapshotId, 'snapshotId')),
        Alias: alias ?? '',
        OriginalVolume: originalVolume,
        Provider: bracedGuid(parseGuid(providerId, 'providerId')),
      })
    }
  }
  add(root, 'BackupComponents', { File: manifest.backupComponentsFile })
  const aliases = add(root, 'Aliases', {})
  for (const { name, value } of manifest.aliases) add(aliases, 'Alias', { Name: name, Value: value })
  const writers = add(root, 'Writers', { Count: String(manifest.writers.length) })
  for (const { name, metadataFile } of manifest.writers) {
    add(writers, 'Writer', { Name: name.replaceAll(' ', '%s'), MetadataFile: metadataFile })
  }
  if (manifest.logFile !== null) add(root, 'Logfile', { Name: manifest.logFile })
  return serializeDocument(document)
}

function invalid(text: string): VssError {
  return new VssError('VSS_E_INVALID_XML_DOCUMENT', text)
}
