/** One row for every documented member: whether it is here, left out with a reason, or missing. */
import type { Declarations } from './declarations.ts'
import type { InterfaceTable } from './interface-table.ts'
import { PROVIDER_INTERFACES } from './interfaces-provider.ts'
import { REQUESTER_INTERFACES } from './interfaces-requester.ts'
import { WRITER_INTERFACES } from './interfaces-writer.ts'

export const INTERFACES: readonly InterfaceTable[] = [
  ...REQUESTER_INTERFACES,
  ...WRITER_INTERFACES,
  ...PROVIDER_INTERFACES,
]

export interface MemberRow {
  interfaceName: string
  member: string
  standing: 'implemented' | 'absent' | 'missing'
  /** Implemented: where. Absent: why. */
  detail: string
}

export function memberRows(
  declarations: Declarations,
  tables: readonly InterfaceTable[] = INTERFACES,
): MemberRow[] {
  return tables.flatMap((table) =>
    table.members
      .trim()
      .split(/\s+/)
      .map((member) => memberRow(declarations, table, member)),
  )
}

function memberRow(declarations: Declarations, table: InterfaceTable, member: string): MemberRow {
  const row = { interfaceName: table.name, member }
  const found = findMember(declarations, table, member)
  if (found !== undefined) return { ...row, standing: 'implemented', detail: found }
  const reason = table.absent?.[member]
  if (reason !== undefined) return { ...row, standing: 'absent', detail: reason }
  return { ...row, standing: 'missing', detail: '' }
}

/** Where the member is, for example `Writer.onFreeze`. */
function findMember(
  declarations: Declarations,
  { carriers, as }: InterfaceTable,
  member: string,
): string | undefined {
  const other = as?.[member]
  if (other !== undefined) {
    const [carrier, name] = other.split('.')
    if (name === undefined) return declarations.exports(other) ? other : undefined
    return findIn(declarations, String(carrier), name)
  }
  for (const carrier of carriers) {
    const found = findIn(declarations, carrier, member)
    if (found !== undefined) return found
  }
  const name = `${member[0]?.toLowerCase()}${member.slice(1)}`
  return declarations.exports(name) ? name : undefined
}

function findIn(declarations: Declarations, carrier: string, member: string): string | undefined {
  const name = declarations
    .membersOf(carrier)
    ?.find((candidate) => candidate.toLowerCase() === member.toLowerCase())
  return name === undefined ? undefined : `${carrier}.${name}`
}

/** Mistakes of the tables: what is said to be absent and is there, and names that no interface has. */
export function tableMistakes(declarations: Declarations): string[] {
  return INTERFACES.flatMap((table) => {
    const members = table.members.trim().split(/\s+/)
    const unknown = [...Object.keys(table.absent ?? {}), ...Object.keys(table.as ?? {})]
      .filter((member) => !members.includes(member))
      .map((member) => `${table.name} has no ${member}`)
    const there = Object.keys(table.absent ?? {})
      .filter((member) => findMember(declarations, table, member) !== undefined)
      .map((member) => `${table.name}.${member} is said to be absent and is there`)
    const twice = members
      .filter((member, index) => members.indexOf(member) !== index)
      .map((member) => `${table.name} has ${member} twice`)
    return [...unknown, ...there, ...twice]
  })
}
