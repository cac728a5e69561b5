/** docs/conformance.md and its JSON form, out of the rows. */
import { CHOICES } from './choices.ts'
import { type ConstantRow, constantRows } from './constants.ts'
import type { Declarations } from './declarations.ts'
import { type MemberRow, memberRows } from './members.ts'
import { type RequirementRow, requirementRows } from './requirements.ts'
import type { TestResult } from './results.ts'

export interface Rows {
  members: readonly MemberRow[]
  constants: readonly ConstantRow[]
  requirements: readonly RequirementRow[]
}

/** What `npm run conformance -- --json` prints. */
export interface Summary {
  members: { total: number; implemented: number; absent: number; missing: number }
  constants: { total: number; equal: number }
  requirements: { total: number; proved: number; notApplicable: number; unproved: string[] }
}

export function allRows(declarations: Declarations, results: readonly TestResult[]): Rows {
  return {
    members: memberRows(declarations),
    constants: constantRows(declarations),
    requirements: requirementRows(results),
  }
}

export function summaryOf({ members, constants, requirements }: Rows): Summary {
  const membersThat = (standing: MemberRow['standing']): number =>
    members.filter((row) => row.standing === standing).length
  const requirementsThat = (standing: RequirementRow['standing']): RequirementRow[] =>
    requirements.filter((row) => row.standing === standing)
  return {
    members: {
      total: members.length,
      implemented: membersThat('implemented'),
      absent: membersThat('absent'),
      missing: membersThat('missing'),
    },
    constants: { total: constants.length, equal: constants.filter(({ equal }) => equal).length },
    requirements: {
      total: requirements.length,
      proved: requirementsThat('proved').length,
      notApplicable: requirementsThat('not applicable').length,
      unproved: requirementsThat('unproved').map(({ number }) => `R${number}`),
    },
  }
}

export function pageOf(rows: Rows): string {
  const { members, constants, requirements } = summaryOf(rows)
  const unproved = requirements.unproved.length === 0 ? 'none' : requirements.unproved.join(', ')
  return [
    '# Conformance',
    'Made by `npm run conformance`; not to be edited. It compares what the library declares and what its tests',
    'have proved in a run with the interfaces, constants and requirements of VSS.',
    '',
    '| | total | |',
    '| --- | ---: | --- |',
    `| members | ${members.total} | ${members.implemented} implemented, ${members.absent} left out with a reason, ` +
      `${members.missing} missing |`,
    `| constants | ${constants.total} | ${constants.equal} equal |`,
    `| requirements | ${requirements.total} | ${requirements.proved} proved, ${requirements.notApplicable} not ` +
      `applicable, unproved: ${unproved} |`,
    '',
    ...choicesSection(),
    ...membersSection(rows.members),
    ...requirementsSection(rows.requirements),
    ...constantsSection(rows.constants),
  ].join('\n')
}

function choicesSection(): string[] {
  return [
    '## What is not settled, and what was chosen',
    '',
    'No public page says how Windows behaves in these points.',
    '',
    '| where | point | here |',
    '| --- | --- | --- |',
    ...CHOICES.map(({ where, point, here }) => `| ${where} | ${cell(point)} | ${cell(here)} |`),
    '',
  ]
}

function membersSection(rows: readonly MemberRow[]): string[] {
  const lines = ['## Members', '']
  for (const [name, members] of grouped(rows, ({ interfaceName }) => interfaceName)) {
    lines.push(`### ${name}`, '', '| member | | |', '| --- | --- | --- |')
    for (const { member, standing, detail } of members) {
      const where = standing === 'implemented' ? `\`${detail}\`` : cell(detail)
      lines.push(`| ${member} | ${standing} | ${where} |`)
    }
    lines.push('')
  }
  return lines
}

function requirementsSection(rows: readonly RequirementRow[]): string[] {
  return [
    '## Requirements',
    '',
    '| | requirement | | tests |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      ({ number, text, standing, detail }) =>
        `| R${number} | ${cell(text)} | ${standing} | ${detail.map(cell).join('<br>')} |`,
    ),
    '',
  ]
}

function constantsSection(rows: readonly ConstantRow[]): string[] {
  const lines = ['## Constants', '']
  for (const [name, constants] of grouped(rows, ({ group }) => group)) {
    lines.push(`### ${name}`, '', '| name | documented | here | |', '| --- | --- | --- | --- |')
    for (const { name: constant, documented, ours, equal } of constants) {
      lines.push(`| ${constant} | ${documented} | ${ours ?? ''} | ${equal ? 'equal' : '**differs**'} |`)
    }
    lines.push('')
  }
  return lines
}

function grouped<T>(rows: readonly T[], keyOf: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

const cell = (text: string): string =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
