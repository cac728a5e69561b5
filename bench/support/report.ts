/** How a bench tells what it measured: a table for people, and with --json one line for programs. */
import { cpus, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'

export interface BenchOptions {
  json: boolean
  dir: string | undefined
  quick: boolean
  /** How long a slice of a comparison lasts, where a bench has any. */
  sliceMillis: number | undefined
  /** End with 1 if a bar is not met. */
  check: boolean
}

export function benchOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      dir: { type: 'string' },
      quick: { type: 'boolean', default: false },
      'slice-millis': { type: 'string' },
      check: { type: 'boolean', default: false },
    },
  })
  const slice = values['slice-millis']
  return {
    json: values.json,
    dir: values.dir,
    quick: values.quick,
    sliceMillis: slice === undefined ? undefined : Number(slice),
    check: values.check,
  }
}

export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const table = new Table({ head: [...head], style: { head: [], border: [] } })
  for (const row of rows) table.push(row.map(String))
  console.log(table.toString())
}

export function printMachine(): void {
  const model = cpus()[0]?.model ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  console.log(`${cpus().length} × ${model}, ${memory} GiB, Linux ${release()}, Node ${process.version}`)
}
