/** One row for every documented enumeration value, structure field and HRESULT: whether ours is equal. */
import * as enums from '../../lib/enums.ts'
import { CODES } from '../../lib/errors.ts'
import { publishedCodes } from './codes.ts'
import type { Declarations } from './declarations.ts'
import { DOCUMENTED_CONSTANTS, DOCUMENTED_ENUMS, documentedMembers } from './enums.ts'
import { STRUCTURES, type StructureTable } from './structures.ts'

export interface ConstantRow {
  /** The enumeration or structure, `HRESULT`, or `constant`. */
  group: string
  name: string
  documented: string
  /** Undefined where there is none. */
  ours: string | undefined
  equal: boolean
}

export function constantRows(declarations: Declarations): ConstantRow[] {
  return [
    ...Object.entries(DOCUMENTED_ENUMS).flatMap(([group, documented]) =>
      [...documentedMembers(documented)].map(([name, value]) =>
        numberRow(group, name, value, enumValue(group, name), decimalOrMask),
      ),
    ),
    ...Object.entries(DOCUMENTED_CONSTANTS).map(([name, value]) =>
      numberRow('constant', name, value, exportedNumber(name), decimalOrMask),
    ),
    ...STRUCTURES.flatMap((structure) => fieldRows(declarations, structure)),
    ...[...publishedCodes()].map(([name, value]) =>
      numberRow('HRESULT', name, value, hresultOf(name), hresult),
    ),
  ]
}

function numberRow(
  group: string,
  name: string,
  documented: number,
  ours: number | undefined,
  show: (value: number) => string,
): ConstantRow {
  return {
    group,
    name,
    documented: show(documented),
    ours: ours === undefined ? undefined : show(ours),
    equal: ours === documented,
  }
}

function enumValue(group: string, name: string): number | undefined {
  const values = (enums as unknown as Record<string, Record<string, number> | undefined>)[group]
  return values?.[name]
}

function exportedNumber(name: string): number | undefined {
  return (enums as unknown as Record<string, number | undefined>)[name]
}

function hresultOf(name: string): number | undefined {
  return (CODES as Record<string, readonly [number, string] | undefined>)[name]?.[0]
}

const hresult = (value: number): string => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`
const decimalOrMask = (value: number): string =>
  value > 15 ? `0x${value.toString(16).toUpperCase()}` : `${value}`

/** A field is equal if its property exists and stands where the documented order has it. */
function fieldRows(declarations: Declarations, structure: StructureTable): ConstantRow[] {
  const properties = declarations.membersOf(structure.carrier) ?? []
  let last = -1
  return structure.fields.map(([field, property]) => {
    const index = properties.indexOf(property)
    const equal = index >= last && index >= 0
    if (equal) last = index
    return {
      group: structure.name,
      name: field,
      documented: 'field',
      ours: index < 0 ? undefined : `${structure.carrier}.${property}`,
      equal,
    }
  })
}
