/**
 * What the command says: results on stdout, as tables for people or as one JSON object on the last
 * line; progress and errors on stderr, so that stdout can be piped.
 */
import Table from 'cli-table3'
import { describeThrown, firstThrown, VssError } from '../errors.ts'
import { errnoOf } from './exit-codes.ts'

export interface OutputOptions {
  json?: boolean | undefined
}

/** One result, in the form that was asked for. */
export function give(result: unknown, options: OutputOptions, forPeople: () => string): void {
  process.stdout.write(`${options.json === true ? toJson(result) : forPeople()}\n`)
}

/** One line. Big integers become decimal strings, as JSON has none. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))
}

export function errorRecord(anything: unknown): Record<string, unknown> {
  const thrown = firstThrown(anything)
  if (thrown instanceof VssError)
    return { ...thrown.toJSON(), hresult: thrown.hresult, message: thrown.message }
  return { code: errnoOf(thrown) ?? 'ERR_INTERNAL', message: describeThrown(thrown) }
}

/** No lines between rows: a time line has many. */
const LINES = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' }

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({ style: { head: [], border: [] }, chars: LINES })
  lines.push(
    head.map((title) => title.toUpperCase()),
    ...rows.map((row) => [...row]),
  )
  return lines.toString()
}

/** Names on the left, values on the right. */
export function properties(rows: readonly (readonly [string, string])[]): string {
  const lines = new Table({ style: { head: [], border: [] }, chars: LINES })
  lines.push(...rows.map(([name, value]) => [name, value]))
  return lines.toString()
}

/** 1536 as `1.5 KiB`. */
export function bytesText(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`
}

export function microsText(micros: number): string {
  return micros < 10_000 ? `${Math.round(micros)} µs` : `${(micros / 1000).toFixed(1)} ms`
}
