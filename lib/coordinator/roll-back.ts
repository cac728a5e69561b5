/**
 * Undoing a set that has failed (reference 2.7).
 *
 * Writes have been released before this begins. Everybody who is owed something gets it, whatever
 * else goes wrong on the way: failures in here are noted as warnings and never hide the error the set
 * failed with.
 *
 *   flags on the originals   cleared, if they were set
 *   writers                  Abort, to each that got PrepareForSnapshot and not yet Thaw
 *   copies already brought in  taken out of the host
 *   providers                AbortSnapshots, to all, if EndPrepareSnapshots was sent to them
 *   copies already named     OnLunEmpty, if the provider still knows them after its abort
 */
import { withLimit } from '../clock.ts'
import { describeThrown, type VssError } from '../errors.ts'
import type { SetRun } from './do-snapshot-set.ts'

export async function rollBack(run: SetRun, error: VssError): Promise<void> {
  const { set, progress, participants, timeline, host, clock, limits } = run
  const note = (what: string, thrown: unknown): void => {
    timeline.warnings.push(`while undoing the set after ${error.code}: ${what}: ${describeThrown(thrown)}`)
  }
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await withLimit(clock, work(), { limitMillis: limits.hostCallMillis })
    } catch (thrown) {
      note(what, thrown)
    }
  }

  const writers = participants.filter(
    (writer) => writer.wasSent('PrepareForSnapshot') && !writer.wasSent('Thaw'),
  )
  await Promise.all([
    ...writers.map((writer) =>
      writer.sendMeasured(
        timeline,
        { type: 'Abort' },
        writer.identity.freezeTimeoutMillis + limits.writerGraceMillis,
      ),
    ),
    progress.flagsSet ? attempt('clearing flags', () => host.clearPendingFlags(set.setId)) : undefined,
    progress.copies.length > 0
      ? attempt('taking the copies out of the host', () =>
          host.removeVolumes(
            set.members.map(({ snapshotId }) => snapshotId),
            { force: true },
          ),
        )
      : undefined,
  ])
  if (!progress.endPrepareSent) return
  await Promise.all(
    set.providers.map(async (provider) => {
      const failure = await timeline.measure('provider', 'abortSnapshots', provider.providerName, () =>
        provider.abort(set.setId),
      )
      if (failure !== undefined) note(`abortSnapshots of provider '${provider.providerName}'`, failure)
    }),
  )
  for (const { provider, target } of progress.copies) {
    await attempt(`deleting a copy of provider '${provider.providerName}'`, async () => {
      const { isSupported, lun } = await provider.call('fillInLunInfo', ['', target])
      if (isSupported) await provider.call('onLunEmpty', ['', lun])
    })
  }
}
