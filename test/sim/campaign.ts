/** Runs of the simulation, one seed after the other. */
import { VssError } from '../../lib/errors.ts'
import type { Between } from '../helpers/fakes/world.ts'
import { live } from './life.ts'
import { intercepting } from './links.ts'
import { DELAYS, type Plan, planOf } from './plan.ts'
import { violations } from './rules.ts'

export interface Run {
  seed: number
  /** How it ended: `created`, or the code. */
  outcome: string
  violations: string[]
  /** The failures that were injected, and where; for people. */
  injections: string[]
  /** The kinds of step and failure among them: `p.commitSnapshots hang`. */
  injected: string[]
}

/** One run: a backup with failures, and another one without. */
export async function run(seed: number, planted?: Between): Promise<Run> {
  const plan = await planOf(seed, (linkOf) => intercepting(linkOf, planted))
  let found: string[]
  let outcome = 'created'
  try {
    const life = await live(plan)
    if (life.error !== undefined) outcome = life.error instanceof VssError ? life.error.code : 'no VssError'
    // Whoever is late comes now, and must find that the set is over.
    await plan.world.clock.advance(2 * Math.max(...DELAYS))
    found = violations(plan, life)
    await nextBackup(plan)
  } catch (thrown) {
    found = [`the run itself failed: ${thrown instanceof Error ? String(thrown.stack) : String(thrown)}`]
  }
  const injected = plan.injections.map(({ step, failure }) => `${step.replace(/^([wp])\d/, '$1')} ${failure}`)
  if (plan.givesUp !== undefined) injected.push(`requester.${plan.givesUp.phase} ${plan.givesUp.how}`)
  return { seed, outcome, violations: found, injections: told(plan), injected }
}

/** Everybody is there again and well: a backup must succeed. */
async function nextBackup({ world, writers, providers }: Plan): Promise<void> {
  for (const { link } of [...writers, ...providers]) link.restore()
  for (const writer of writers) writer.answers.clear()
  await world.completeBackup()
}

function told({ injections, givesUp, writers }: Plan): string[] {
  return [
    ...writers.map(
      ({ link, identity }) =>
        `${link.name}: level ${identity.applicationLevel}, window of ${identity.freezeTimeoutMillis} ms`,
    ),
    ...injections.map(({ step, failure, fault }) =>
      [step, failure, fault === undefined ? '' : JSON.stringify(fault)].join(' '),
    ),
    ...(givesUp === undefined ? [] : [`${givesUp.how} ${givesUp.afterMillis} ms into ${givesUp.phase}`]),
  ]
}
