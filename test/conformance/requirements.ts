/** The numbered requirements, those that do not apply here, and the tests that prove the others. */
import { PAGE_REQUIREMENTS } from './requirements-pages.ts'
import { SEED_REQUIREMENTS } from './requirements-seeds.ts'
import type { TestResult } from './results.ts'

export const REQUIREMENTS: Readonly<Record<number, string>> = { ...SEED_REQUIREMENTS, ...PAGE_REQUIREMENTS }

/** Requirements that no program can keep or break, or that concern what Holdfast has not got; with the reason. */
export const NOT_APPLICABLE: Readonly<Record<number, string>> = {
  178: 'It promises nothing.',
}

export interface RequirementRow {
  number: number
  text: string
  standing: 'proved' | 'not applicable' | 'unproved'
  /** Proved: the titles of the tests. Not applicable: why. */
  detail: readonly string[]
}

/**
 * The requirements a title names: `R1: …` and `R1, R2: …` at the beginning of an ava title, `R1_R2_…` at that of a
 * native test's name.
 */
export function numbersIn(title: string): number[] {
  const list = /^(R\d{1,3}(?:, R\d{1,3})*):/.exec(title) ?? /^((?:R\d{1,3}_)+)/.exec(title)
  return [...(list?.[1] ?? '').matchAll(/R(\d+)/g)].map(([, number]) => Number(number))
}

/** One row a requirement. Only a test that has run and passed proves anything. */
export function requirementRows(results: readonly TestResult[]): RequirementRow[] {
  const proofs = new Map<number, string[]>()
  for (const { suite, title, outcome } of results) {
    if (outcome !== 'passed') continue
    for (const number of numbersIn(title))
      proofs.set(number, [...(proofs.get(number) ?? []), `${suite} › ${title}`])
  }
  return Object.entries(REQUIREMENTS).map(([key, text]) => {
    const number = Number(key)
    const proof = proofs.get(number)
    if (proof !== undefined) return { number, text, standing: 'proved', detail: proof.sort() }
    const reason = NOT_APPLICABLE[number]
    if (reason !== undefined) return { number, text, standing: 'not applicable', detail: [reason] }
    return { number, text, standing: 'unproved', detail: [] }
  })
}

/** Numbers in titles that no requirement has. */
export function unknownNumbers(results: readonly TestResult[]): string[] {
  return results
    .filter(({ title }) => numbersIn(title).some((number) => REQUIREMENTS[number] === undefined))
    .map(({ suite, title }) => `${suite} › ${title}`)
}
