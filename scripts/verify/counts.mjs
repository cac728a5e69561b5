// Reads the results of the two test runners.

/** ava's TAP: counts, failures with their diagnostics, skipped titles. */
export function readTap(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const details = []
  const skipped = []
  let inFailure = false
  for (const line of text.split('\n')) {
    if (/^ok \d+/.test(line)) {
      inFailure = false
      const title = /^ok \d+ - (.*?) # SKIP/i.exec(line)?.[1]
      if (title === undefined) counts.passed++
      else {
        counts.skipped++
        skipped.push(title)
      }
    } else if (/^not ok \d+/.test(line)) {
      inFailure = true
      counts.failed++
    } else if (/^Bail out!/.test(line)) {
      inFailure = true
      counts.failed++
    } else if (/^(#|TAP version|1\.\.|$)/.test(line)) inFailure = false
    if (inFailure) details.push(line)
  }
  return { ...counts, details, skippedTitles: skipped }
}

/** ctest's JUnit: counts and skipped names, with the reason GoogleTest printed. ctest has printed the failures itself. */
export function readJUnit(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const skipped = []
  for (const testcase of text.split('<testcase ').slice(1)) {
    const [, name, status] = /^name="([^"]*)"[^>]*? status="(\w+)"/.exec(testcase) ?? []
    if (status === 'run') counts.passed++
    else if (status === 'fail') counts.failed++
    else {
      counts.skipped++
      const reason = /: Skipped\n(.+)/.exec(testcase)?.[1]
      skipped.push(reason === undefined ? name : `${name} (${reason.trim()})`)
    }
  }
  return { ...counts, details: [], skippedTitles: skipped }
}
