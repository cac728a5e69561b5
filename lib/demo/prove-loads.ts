/** The proof that nobody was held for good: the loads do things after the set as they did before it. */
import { type Check, checkOf } from './check.ts'

/** Progress made since the writers were thawed and the writes released. */
export interface WorkDone {
  transactions: number
  records: number
}

export function proveLoadsWentOn({ transactions, records }: WorkDone): Check {
  const problems: string[] = []
  if (transactions <= 0) problems.push('the ledger has done nothing since the thaw')
  if (records <= 0) problems.push('the bystander has done nothing since the release')
  return checkOf(
    'both loads went on afterwards',
    problems,
    `${transactions} transactions since the thaw, ${records} records since the release`,
  )
}
