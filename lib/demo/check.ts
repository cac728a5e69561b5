/** What the proof of a backup consists of: named questions, each answered from data. */
export type Check = { name: string; passed: boolean; detail: string } | { name: string; skipped: string }

/** Passed if nothing is wrong; the detail says what was looked at, or what is wrong. */
export function checkOf(name: string, problems: readonly string[], looked: string): Check {
  if (problems.length === 0) return { name, passed: true, detail: looked }
  const more = problems.length > 3 ? ` and ${problems.length - 3} more` : ''
  return { name, passed: false, detail: problems.slice(0, 3).join('; ') + more }
}

/** No check has failed, and it was not by skipping all of them. */
export function isVerified(checks: readonly Check[]): boolean {
  const answered = checks.filter((check) => 'passed' in check)
  return answered.length > 0 && answered.every(({ passed }) => passed)
}
