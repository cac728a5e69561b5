/**
 * The restore options of a component: `["Subcomponent\path":]"Name"="Value"[, …]` (reference 2.13).
 *
 * A subcomponent in front belongs to the pair behind it and to no other; a pair without one is for the whole
 * component. Names are compared without regard to case, values are the writer's own.
 */
import { badArgument, checkedText } from './values.ts'

/** One option. */
export interface RestoreOption {
  /** `logicalPath\name` of the subcomponent it is for; `null` means all. */
  readonly subcomponent: string | null
  readonly name: string
  readonly value: string
}

const PAIR = /[ \t]*(?:"([^"]*)"[ \t]*:[ \t]*)?"([^"]*)"[ \t]*=[ \t]*"([^"]*)"[ \t]*/y

/**
 * @example
 * ```ts
 * parseRestoreOptions('"main\\books":"Roll Forward"="All", "Authoritative"="All"')
 * // [{ subcomponent: 'main\\books', name: 'Roll Forward', value: 'All' },
 * //  { subcomponent: null, name: 'Authoritative', value: 'All' }]
 * ```
 *
 * @throws VssError `E_INVALIDARG` for a text of another form; an empty one has no options
 */
export function parseRestoreOptions(text: string): RestoreOption[] {
  const options: RestoreOption[] = []
  if (checkedText(text, 'restoreOptions').trim() === '') return options
  let at = 0
  do {
    PAIR.lastIndex = at
    const [whole, subcomponent, name, value] = PAIR.exec(text) ?? []
    if (whole === undefined || !name || value === undefined) {
      throw badArgument(`restore options need "Name"="Value" at character ${at}`)
    }
    options.push({ subcomponent: subcomponent ?? null, name, value })
    at = PAIR.lastIndex
    if (at < text.length && text[at] !== ',') {
      throw badArgument(`restore options need a comma at character ${at}`)
    }
    at += 1
  } while (at <= text.length)
  return options
}

/** The text of options. @throws VssError `E_INVALIDARG` for a quotation mark in one of the parts, or an empty name */
export function formatRestoreOptions(options: readonly RestoreOption[]): string {
  return options
    .map(({ subcomponent, name, value }) => {
      const prefix = subcomponent === null ? '' : `"${unquoted(subcomponent)}":`
      if (name === '') throw badArgument('a restore option has no name')
      return `${prefix}"${unquoted(name)}"="${unquoted(value)}"`
    })
    .join(', ')
}

/** The value of an option for a subcomponent: its own where it has one, else the one for all, else undefined. */
export function restoreOption(
  options: readonly RestoreOption[],
  name: string,
  subcomponent: string | null = null,
): string | undefined {
  const named = options.filter((option) => option.name.toLowerCase() === name.toLowerCase())
  const own = named.find((option) => option.subcomponent === subcomponent)
  return (own ?? named.find((option) => option.subcomponent === null))?.value
}

function unquoted(text: string): string {
  if (checkedText(text, 'restore option').includes('"')) {
    throw badArgument(`'${text}' has a quotation mark, which restore options cannot carry`)
  }
  return text
}
