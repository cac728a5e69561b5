import type { ExecutionContext } from 'ava'
import { VssError } from '../../lib/errors.ts'

/** Every one of the calls throws this code; a message shows the call. */
export function fails(t: ExecutionContext, code: VssError['code'], ...calls: (() => unknown)[]): void {
  for (const call of calls) {
    t.is(t.throws(call, { instanceOf: VssError }, call.toString())?.code, code, call.toString())
  }
}
