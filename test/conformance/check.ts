/** Whether the page that is there is still true. */
import { pageOf, type Rows, type Summary } from './page.ts'
import { numbersIn } from './requirements.ts'
import type { TestResult } from './results.ts'

/** R1 to R112 have to be proved; of the others so many may be unproved. */
const SEEDS_LAST = 112
const UNPROVED_MAX = 10

/** What keeps the library from conforming. */
export function summaryFaults({ members, constants, requirements }: Summary): string[] {
  const faults: string[] = []
  if (members.missing > 0) faults.push(`${members.missing} members are missing`)
  if (constants.equal < constants.total) faults.push(`${constants.total - constants.equal} constants differ`)
  const isSeed = (name: string): boolean => Number(name.slice(1)) <= SEEDS_LAST
  const seeds = requirements.unproved.filter(isSeed)
  const others = requirements.unproved.filter((name) => !isSeed(name))
  if (seeds.length > 0) faults.push(`unproved: ${seeds.join(', ')}`)
  if (others.length > UNPROVED_MAX)
    faults.push(`unproved are more than ${UNPROVED_MAX}: ${others.join(', ')}`)
  return faults
}

/**
 * The lines in which the page differs from what would be written now. A test that this machine cannot run and skips is
 * taken as it is written: it has proved what it proves where the page was made.
 */
export function pageFaults(written: string, rows: Rows, results: readonly TestResult[]): string[] {
  const skipped = results.filter(({ outcome }) => outcome === 'skipped')
  const taken = written === '' ? [] : skipped.filter(({ title }) => written.includes(title))
  const now = pageOf(withSkipped(rows, taken)).split('\n')
  const then = written.split('\n')
  const differing = new Set<string>()
  for (const line of now) if (!then.includes(line)) differing.add(`+ ${line}`)
  for (const line of then) if (!now.includes(line)) differing.add(`- ${line}`)
  if (differing.size === 0) return []
  return ['docs/conformance.md is not current; npm run conformance writes it', ...differing]
}

function withSkipped(rows: Rows, skipped: readonly TestResult[]): Rows {
  const requirements = rows.requirements.map((row) => {
    const titles = skipped
      .filter(({ title }) => numbersIn(title).includes(row.number))
      .map(({ suite, title }) => `${suite} › ${title}`)
    if (titles.length === 0) return row
    const proofs = row.standing === 'proved' ? row.detail : []
    return { ...row, standing: 'proved' as const, detail: [...proofs, ...titles].sort() }
  })
  return { ...rows, requirements }
}
