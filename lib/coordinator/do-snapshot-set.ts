/**
 * DoSnapshotSet: the steps of one set in their order (reference 2.4), and the decision at each of
 * them whether the set goes on.
 *
 * A set fails as a whole. {@link SetRun.run} either resolves with every shadow copy created or rejects
 * after everything has been undone: writes released, writers closed, flags taken off, providers told.
 * The undoing is in roll-back.ts.
 *
 * Three things can stop a set between two steps: the requester's signal, a writer whose window has
 * ended, and AbortBackup. All three come together in one signal that interrupts whatever is waited
 * for, except Thaw, which always runs to its end.
 */
import { type Clock, withLimit } from '../clock.ts'
import { phaseChannel } from '../diagnostics.ts'
import { VSS_SNAPSHOT_STATE as STATE } from '../enums.ts'
import { asVssError, describeThrown, VssError } from '../errors.ts'
import type { ProviderMethod } from '../provider/interfaces.ts'
import type { ProviderHost } from '../provider/provider-host.ts'
import type { SnapshotProperties, SnapshotSetDescription } from '../provider/snapshot-set-description.ts'
import type { BackupState, SnapshotSetInfo } from '../writer/events.ts'
import { isPersistent, isTransportable, wantsAutoRecovery } from './context.ts'
import { describeSet } from './describe-set.ts'
import { FreezeWatch, freezeMicros, freezeWriters, thawWriters } from './freeze.ts'
import { commitUnderHold } from './hold-window.ts'
import type { ImportedVolume, VolumeHost } from './host.ts'
import { type CopiedLun, getTargetLuns, importCopies } from './import-copies.ts'
import type { KernelSupport } from './kernel-support.ts'
import type { CoordinatorLimits } from './limits.ts'
import { rollBack } from './roll-back.ts'
import type { SnapshotSet } from './snapshot-set.ts'
import { Timeline } from './timeline.ts'
import type { WriterParticipant } from './writer-participant.ts'

export interface SetRunOptions {
  clock: Clock
  host: VolumeHost
  kernelSupport: KernelSupport
  limits: Readonly<CoordinatorLimits>
  set: SnapshotSet
  /** Empty in a context without writers. */
  participants: readonly WriterParticipant[]
  backupState: BackupState
}

/** How far a set has come; roll-back undoes what was reached. */
export interface SetProgress {
  endPrepareSent: boolean
  flagsSet: boolean
  copies: CopiedLun[]
  imported: ImportedVolume[]
}

export class SetRun {
  readonly set: SnapshotSet
  readonly timeline: Timeline
  readonly participants: readonly WriterParticipant[]
  readonly host: VolumeHost
  readonly clock: Clock
  readonly limits: Readonly<CoordinatorLimits>
  readonly progress: SetProgress = { endPrepareSent: false, flagsSet: false, copies: [], imported: [] }
  readonly #kernelSupport: KernelSupport
  readonly #backupState: BackupState
  readonly #stop: AbortController = new AbortController()
  readonly #watch: FreezeWatch

  constructor(options: SetRunOptions) {
    this.set = options.set
    this.participants = options.participants
    this.host = options.host
    this.clock = options.clock
    this.limits = options.limits
    this.#kernelSupport = options.kernelSupport
    this.#backupState = options.backupState
    this.timeline = new Timeline(options.clock)
    this.#watch = new FreezeWatch(options.clock, options.participants, (error) => this.stop(error))
  }

  /** Ends the set at the next opportunity, with this error. The first reason counts. */
  stop(reason: VssError): void {
    this.#stop.abort(reason)
  }

  /** Runs the set to its end. */
  async run(signal?: AbortSignal): Promise<SnapshotSetDescription> {
    const onCancel = (): void => this.stop(cancelled(signal?.reason))
    if (signal?.aborted) onCancel()
    signal?.addEventListener('abort', onCancel, { once: true })
    const stopListening = this.set.providers.map((provider) => this.#warnOfSlowCalls(provider))
    try {
      return await this.#steps()
    } catch (thrown) {
      const error = asVssError(thrown)
      this.#watch.disarm()
      this.timeline.fail(error)
      await this.#phase('rollBack', () => rollBack(this, error))
      this.set.state = STATE.VSS_SS_ABORTED
      throw error
    } finally {
      this.#watch.disarm()
      this.timeline.freezeMicros = freezeMicros(this.participants)
      for (const stop of stopListening) stop()
      signal?.removeEventListener('abort', onCancel)
    }
  }

  async #steps(): Promise<SnapshotSetDescription> {
    const { set, progress } = this
    const signal = this.#stop.signal

    set.state = STATE.VSS_SS_PROCESSING_PREPARE
    await this.#step('endPrepareSnapshots', () => {
      progress.endPrepareSent = true
      return this.#eachProvider('endPrepareSnapshots', (provider) =>
        provider.call('endPrepareSnapshots', [set.setId], signal),
      )
    })
    set.state = STATE.VSS_SS_PREPARED
    await this.#step('setFlags', () => {
      progress.flagsSet = true
      const lunIds = set.sourceLuns.map(({ lun }) => lun.lunId)
      // A host that comes with them when the set has been given up has them taken off again.
      return this.#host('setPendingFlags', this.host.setPendingFlags(set.setId, lunIds), () =>
        this.host.clearPendingFlags(set.setId),
      )
    })
    await this.#step('prepareForSnapshot', () => this.#prepareForSnapshot())
    await this.#step('freeze', () => this.#freeze())

    set.state = STATE.VSS_SS_PROCESSING_PRECOMMIT
    await this.#step('preCommitSnapshots', () =>
      this.#eachProvider('preCommitSnapshots', (provider) =>
        provider.call('preCommitSnapshots', [set.setId], signal),
      ),
    )
    set.state = STATE.VSS_SS_PROCESSING_COMMIT
    await this.#step('commitSnapshots', () =>
      commitUnderHold(set, {
        clock: this.clock,
        kernelSupport: this.#kernelSupport,
        limits: this.limits,
        timeline: this.timeline,
        signal,
      }),
    )
    set.state = STATE.VSS_SS_COMMITTED
    await this.#step('clearFlags', () => this.#clearFlags())
    set.state = STATE.VSS_SS_PROCESSING_POSTCOMMIT
    await this.#step('postCommitSnapshots', () =>
      this.#eachProvider('postCommitSnapshots', (provider) => {
        const count = set.members.filter((member) => member.provider === provider).length
        return provider.call('postCommitSnapshots', [set.setId, count], signal)
      }),
    )
    set.state = STATE.VSS_SS_POSTCOMMITTED
    await this.#step('thaw', () => this.#thaw())

    await this.#step('getTargetLuns', async () => {
      progress.copies = await getTargetLuns(set, this.timeline, signal)
    })
    if (!isTransportable(set.context)) {
      await this.#step('import', async () => {
        const parties = {
          clock: this.clock,
          host: this.host,
          limits: this.limits,
          timeline: this.timeline,
          signal,
        }
        progress.imported = await importCopies(set, progress.copies, parties)
      })
    }
    await this.#finish()
    return this.#created()
  }

  /** Steps 15 to 17: the copies are writable for their writers once, and read-only ever after. */
  async #finish(): Promise<void> {
    const { set } = this
    const signal = this.#stop.signal
    const surfaced = !isTransportable(set.context)
    const recover = surfaced && wantsAutoRecovery(set.context)
    const devices = this.progress.imported.map(({ deviceObject }) => deviceObject)
    if (surfaced) {
      set.state = STATE.VSS_SS_PROCESSING_PREFINALCOMMIT
      await this.#step('preFinalCommitSnapshots', () =>
        this.#eachProvider('preFinalCommitSnapshots', (provider) =>
          provider.call('preFinalCommitSnapshots', [set.setId], signal),
        ),
      )
      set.state = STATE.VSS_SS_PREFINALCOMMITTED
    }
    await this.#step('postSnapshot', async () => {
      if (recover) await this.#host('setVolumesReadOnly', this.host.setVolumesReadOnly(devices, false))
      await this.#postSnapshot()
      if (recover) await this.#host('setVolumesReadOnly', this.host.setVolumesReadOnly(devices, true))
    })
    if (surfaced) {
      set.state = STATE.VSS_SS_PROCESSING_POSTFINALCOMMIT
      await this.#step('postFinalCommitSnapshots', () =>
        this.#eachProvider('postFinalCommitSnapshots', (provider) =>
          provider.call('postFinalCommitSnapshots', [set.setId], signal),
        ),
      )
    }
  }

  /** Step 18. Past this point nothing stops the set any more. */
  async #created(): Promise<SnapshotSetDescription> {
    const { set } = this
    const { machineName } = await this.#host('identity', this.host.identity())
    const description = describeSet(set, this.progress, machineName, this.clock.wallMillis())
    if (isPersistent(set.context)) {
      const keepers = set.providers.filter((provider) => provider.offers('storeSnapshotSet'))
      await this.#step('storeSnapshotSet', () =>
        Promise.all(
          keepers.map((provider) => provider.call('storeSnapshotSet', [ofProvider(description, provider)])),
        ),
      )
    }
    set.state = STATE.VSS_SS_CREATED
    return description
  }

  async #prepareForSnapshot(): Promise<void> {
    const set: SnapshotSetInfo = {
      setId: this.set.setId,
      context: this.set.context,
      volumeNames: this.set.volumeNames,
      mountTable: await this.#host('mountTable', this.host.mountTable()),
    }
    await Promise.all(
      this.participants
        .filter((writer) => !writer.hasFailed)
        .map((writer) =>
          writer.sendMeasured(
            this.timeline,
            { type: 'PrepareForSnapshot', state: this.#backupState, set },
            this.limits.handlerMillis,
            this.#stop.signal,
          ),
        ),
    )
  }

  async #freeze(): Promise<void> {
    // A writer that is not ready for the freeze is not frozen; its data is the requester's decision.
    const ready = this.participants.filter((writer) => !writer.hasFailed)
    const { writerGraceMillis } = this.limits
    await freezeWriters(
      ready,
      this.set.setId,
      writerGraceMillis,
      this.timeline,
      this.#watch,
      this.#stop.signal,
    )
  }

  async #thaw(): Promise<void> {
    await this.#clearFlags()
    this.#watch.check()
    this.#stop.signal.throwIfAborted()
    this.#watch.disarm()
    await thawWriters(this.participants, this.limits.writerGraceMillis, this.timeline)
  }

  async #postSnapshot(): Promise<void> {
    const devices = this.progress.imported.map(({ snapshotId, deviceObject }) => ({
      volumeName:
        this.set.members.find((member) => member.snapshotId === snapshotId)?.volume.volumeName ?? '',
      deviceObject,
    }))
    await Promise.all(
      this.participants
        .filter((writer) => writer.wasSent('Thaw'))
        .map((writer) =>
          writer.sendMeasured(
            this.timeline,
            { type: 'PostSnapshot', components: writer.components, devices },
            this.limits.handlerMillis,
            this.#stop.signal,
          ),
        ),
    )
  }

  async #clearFlags(): Promise<void> {
    await this.#host('clearPendingFlags', this.host.clearPendingFlags(this.set.setId))
  }

  /** One step, unless the set has been stopped before it or is stopped during it. */
  async #step<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#watch.check()
    this.#stop.signal.throwIfAborted()
    const result = await this.#phase(name, work)
    this.#watch.check()
    this.#stop.signal.throwIfAborted()
    return result
  }

  #phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const message = { setId: this.set.setId, phase: name }
    return phaseChannel.tracePromise(() => this.timeline.measure('phase', name, 'coordinator', work), message)
  }

  /** Calls all providers at once and waits for all: an abort must not overtake a call needlessly. */
  async #eachProvider(
    method: ProviderMethod,
    call: (provider: ProviderHost) => Promise<unknown>,
  ): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.set.providers.map((provider) =>
        this.timeline.measure('provider', method, provider.providerName, () => call(provider)),
      ),
    )
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #host<T>(name: string, work: Promise<T>, undo?: () => Promise<void>): Promise<T> {
    const limitMillis = this.limits.hostCallMillis
    const undoLate = (): void => {
      undo?.().catch((thrown: unknown) => {
        this.timeline.warnings.push(`undoing a late ${name} of the host: ${describeThrown(thrown)}`)
      })
    }
    return this.timeline.measure('host', name, 'host', () =>
      withLimit(this.clock, work, {
        limitMillis,
        onLimit: () =>
          new VssError('VSS_E_UNEXPECTED', `the host did not answer ${name} within ${limitMillis} ms`, {
            culprit: 'host',
          }),
        onLate: undoLate,
      }),
    )
  }

  #warnOfSlowCalls(provider: ProviderHost): () => void {
    const delicate: readonly ProviderMethod[] = [
      'preCommitSnapshots',
      'commitSnapshots',
      'postCommitSnapshots',
    ]
    return provider.onCall(({ method, durationMillis }) => {
      if (durationMillis <= this.limits.slowProviderMillis || !delicate.includes(method)) return
      this.timeline.warnings.push(
        `provider '${provider.providerName}' took ${Math.round(durationMillis)} ms in ${method} while writers were frozen`,
      )
    })
  }
}

function ofProvider(
  description: SnapshotSetDescription,
  { providerId }: ProviderHost,
): SnapshotSetDescription {
  const isOwn = (properties: SnapshotProperties): boolean => properties.providerId === providerId
  return { ...description, snapshots: description.snapshots.filter(({ properties }) => isOwn(properties)) }
}

function cancelled(reason: unknown): VssError {
  return new VssError('VSS_S_ASYNC_CANCELLED', 'the requester cancelled DoSnapshotSet', { cause: reason })
}
