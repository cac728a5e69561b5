/**
 * Ctrl-C, and the end of the terminal, as an AbortSignal: the work undoes what it began and then rejects.
 * Whoever insists, a second or more later, ends the process at once.
 */
import { VssError } from '../errors.ts'
import { EXIT } from './exit-codes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** A terminal and a parent process may each send the same Ctrl-C. */
const INSISTENCE_MILLIS = 1000

export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let firstMillis: number | undefined
  const onSignal = (): void => {
    const now = performance.now()
    if (firstMillis !== undefined && now - firstMillis >= INSISTENCE_MILLIS) process.exit(EXIT.interrupted)
    if (firstMillis !== undefined) return
    firstMillis = now
    process.stderr.write('\ninterrupted; undoing what was begun …\n')
    const remedy = 'Start it again if it is still wanted.'
    controller.abort(new VssError('ERR_CANCELLED', 'the command was interrupted', { remedy }))
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  try {
    return await work(controller.signal)
  } catch (thrown) {
    // Whatever the interruption made fail first: this is why.
    throw controller.signal.aborted ? controller.signal.reason : thrown
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
}
