/** Results of real runs: ava's TAP and the JUnit file of the native tests. */

export interface TestResult {
  /** The test file as ava names it, or the suite of a native test. */
  suite: string
  title: string
  outcome: 'passed' | 'failed' | 'skipped'
}

/**
 * `ok 3 - coordinator › ending › R166: …`, with `# SKIP` where a test was left out. The suite is what ava puts before
 * the title, the path of the file.
 */
export function readTapResults(tap: string): TestResult[] {
  return [...tap.matchAll(/^(not ok|ok) \d+ - (.*)$/gm)].map(([, verdict, text]) => {
    const [name, ...directive] = String(text).split(/ # (?=SKIP)/i)
    const parts = String(name).split(' › ')
    const title = String(parts.pop())
    const outcome = directive.length > 0 ? 'skipped' : verdict === 'ok' ? 'passed' : 'failed'
    return { suite: parts.join('/'), title, outcome }
  })
}

/** ctest's `<testcase name="Suite.Title" … status="run">`. */
export function readJUnitResults(xml: string): TestResult[] {
  return [...xml.matchAll(/<testcase name="([^"]*)"[^>]*? status="(\w+)"/g)].map(([, name, status]) => {
    const [suite, ...title] = String(name).split('.')
    const outcome = status === 'run' ? 'passed' : status === 'fail' ? 'failed' : 'skipped'
    return { suite: `native ${suite}`, title: title.join('.'), outcome }
  })
}
