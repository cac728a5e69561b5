/**
 * Files that no backup wants, by rules that an administrator keeps beside the writers (reference 2.13, R153).
 */
import { describeValue, VssError } from '../errors.ts'
import { Location } from './location.ts'
import { PatternIndex } from './pattern-index.ts'
import type { Variables } from './variables.ts'
import { Filespec } from './wildcard.ts'

/**
 * Name of a rule to its patterns, as in the registry of Windows: `[drive][path]\name [/s]`, the name with `*` and
 * `?`, ` /s` for everything below the path too. A pattern without a drive is for every drive.
 *
 * A rule with the name of a writer that is present is left to that writer.
 */
export type FilesNotToBackup = Readonly<Record<string, readonly string[]>>

/**
 * @param presentWriters - names, in any case
 * @throws VssError `E_INVALIDARG` for a pattern without a path or a name
 */
export function indexFilesNotToBackup(
  rules: FilesNotToBackup,
  presentWriters: Iterable<string>,
  variables: Variables,
): PatternIndex<true> {
  const present = new Set([...presentWriters].map((name) => name.toLowerCase()))
  const index = new PatternIndex<true>()
  for (const [rule, patterns] of Object.entries(rules)) {
    if (present.has(rule.toLowerCase())) continue
    for (const pattern of patterns) {
      const { directory, name, recursive } = parsePattern(pattern, variables)
      index.add(directory, new Filespec(name, directory), recursive, true)
    }
  }
  return index
}

function parsePattern(
  pattern: string,
  variables: Variables,
): { directory: Location; name: string; recursive: boolean } {
  const [, file = '', recursive] = /^(.*?)(\s+\/s)?\s*$/is.exec(variables.expand(pattern)) ?? []
  const at = Math.max(file.lastIndexOf('/'), file.startsWith('/') ? -1 : file.lastIndexOf('\\'))
  const name = file.slice(at + 1)
  if (at < 0 || name === '' || /[*?]/.test(file.slice(0, at).replace(/^\\\\\?\\/, ''))) {
    throw new VssError('E_INVALIDARG', `${describeValue(pattern)} is no pattern of a file not to back up`, {
      culprit: 'filesNotToBackup',
      remedy: 'Write it as [drive][path]\\name [/s], with wildcards in the name only.',
    })
  }
  return { directory: Location.parse(file.slice(0, at + 1)), name, recursive: recursive !== undefined }
}
