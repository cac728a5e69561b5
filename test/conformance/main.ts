/**
 * `npm run conformance` without the running of tests, which scripts/conformance.mjs does.
 *
 *     main.ts --tap FILE [--junit FILE] [--json] [--check] [--goals]
 *
 * Writes docs/conformance.md. With `--check` it writes nothing and ends with 1 if the page is not what it would have
 * written; with `--goals` it ends with 1 if a member is missing, a constant differs or too much is unproved.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { pageFaults, summaryFaults } from './check.ts'
import { readDeclarations } from './declarations.ts'
import { tableMistakes } from './members.ts'
import { allRows, pageOf, summaryOf } from './page.ts'
import { unknownNumbers } from './requirements.ts'
import { readJUnitResults, readTapResults, type TestResult } from './results.ts'

const page = fileURLToPath(new URL('../../docs/conformance.md', import.meta.url))

const { values } = parseArgs({
  options: {
    tap: { type: 'string' },
    junit: { type: 'string' },
    json: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    goals: { type: 'boolean', default: false },
  },
})

function results(): TestResult[] {
  const tap = values.tap === undefined ? [] : readTapResults(readFileSync(values.tap, 'utf8'))
  const native = values.junit === undefined ? [] : readJUnitResults(readFileSync(values.junit, 'utf8'))
  return [...tap, ...native]
}

const ran = results()
const declarations = readDeclarations()
const rows = allRows(declarations, ran)
const summary = summaryOf(rows)
const faults = [
  ...tableMistakes(declarations),
  ...unknownNumbers(ran).map((title) => `a title names a requirement there is not: ${title}`),
]
if (values.goals) faults.push(...summaryFaults(summary))
if (values.check) {
  const written = existsSync(page) ? readFileSync(page, 'utf8') : ''
  faults.push(...pageFaults(written, rows, ran))
} else {
  mkdirSync(dirname(page), { recursive: true })
  writeFileSync(page, pageOf(rows))
}

for (const fault of faults) console.error(fault)
if (values.json) console.log(JSON.stringify(summary))
else if (!values.check) console.log(pageOf(rows).split('\n## ')[0])
process.exitCode = faults.length > 0 ? 1 : 0
