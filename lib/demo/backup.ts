/**
 * A whole backup as a requester drives it: initialization, discovery, PrepareForBackup, DoSnapshotSet,
 * copying, BackupComplete. The shadow copies stay until the caller closes the requester object.
 */
import { join } from 'node:path'
import type { SnapshotSetReport } from '../coordinator/timeline.ts'
import { type FreezeMessage, freezeChannel, type PhaseMessage, phaseChannel } from '../diagnostics.ts'
import { VSS_BACKUP_TYPE, VSS_SNAPSHOT_STATE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid } from '../ids.ts'
import type { BackupComponents } from '../requester/backup-components.ts'
import type { LocalService } from '../service/local-service.ts'
import { type CopiedImage, copyToImage } from './copy-volume.ts'
import type { DemoOutput } from './output.ts'
import type { DemoProgress } from './progress.ts'

export interface VolumeToBackUp {
  /** `\\?\Volume{GUID}\` */
  volumeName: string
  /** Of the image, without extension. */
  imageName: string
}

export interface BackedUpVolume {
  originalVolumeName: string
  originalLun: Guid
  snapshotId: Guid
  deviceObject: string
  copyLun: Guid
  state: string
  image: CopiedImage
}

/** For how long a writer was kept frozen. */
export interface FrozenWriter {
  writer: string
  frozenMicros: number
  closedBy: 'thaw' | 'abort'
}

export interface BackupOutcome {
  snapshotSetId: Guid
  volumes: BackedUpVolume[]
  frozenWriters: FrozenWriter[]
  report: SnapshotSetReport
  /** The names of all components that were included. */
  components: string[]
  /** Files beside the images; all of them are where they are until the demo puts them in place. */
  backupComponentsDocument: string
  writerMetadataDocuments: string[]
}

export interface BackupPlan {
  volumes: readonly VolumeToBackUp[]
  output: DemoOutput
  progress: DemoProgress
  signal: AbortSignal
}

const DOCUMENT_NAME = 'backup-components.xml'

function imageFileOf(imageName: string): string {
  return `${imageName}.img`
}

function metadataFileOf(index: number): string {
  return `writer-metadata-${index + 1}.xml`
}

/** What a backup of volumes with these names will write, before anybody has begun with it. */
export function filesOf(imageNames: readonly string[], writerCount: number): string[] {
  const metadata = Array.from({ length: writerCount }, (_, index) => metadataFileOf(index))
  return [...imageNames.map(imageFileOf), DOCUMENT_NAME, ...metadata]
}

/** Drives `backup`, which is new, to the end of BackupComplete. */
export async function runBackup(
  backup: BackupComponents,
  service: LocalService,
  plan: BackupPlan,
): Promise<BackupOutcome> {
  const { output, progress, signal } = plan
  const options = { signal }

  progress.phase('Initialization')
  backup.initializeForBackup()
  backup.setBackupState(true, false, VSS_BACKUP_TYPE.VSS_BT_FULL)

  progress.phase('Discovery')
  await backup.gatherWriterMetadata(options)
  const writerMetadataDocuments = await saveMetadata(backup, output, progress)
  await requireSoundWriters(backup, signal)
  for (const { volumeName } of plan.volumes) {
    if (!(await backup.isVolumeSupported(volumeName, undefined, options))) {
      throw new VssError('VSS_E_VOLUME_NOT_SUPPORTED', `no provider can copy ${volumeName}`, {
        culprit: volumeName,
      })
    }
  }

  progress.phase('PrepareForBackup')
  const components = includeAllComponents(backup)
  const snapshotSetId = backup.startSnapshotSet()
  progress.note(`set ${bracedGuid(snapshotSetId)}, ${plan.volumes.length} volumes`)
  const snapshotIds: Guid[] = []
  for (const { volumeName } of plan.volumes) {
    snapshotIds.push(await backup.addToSnapshotSet(volumeName, undefined, options))
  }
  await backup.prepareForBackup(options)
  await requireSoundWriters(backup, signal)

  progress.phase('DoSnapshotSet')
  const frozenWriters: FrozenWriter[] = []
  const stopWatching = watchSet(progress, frozenWriters)
  let report: SnapshotSetReport
  try {
    report = (await backup.doSnapshotSet(options)).report
  } finally {
    stopWatching()
  }
  await requireSoundWriters(backup, signal)

  progress.phase('Copying out of the shadow copies')
  const volumes: BackedUpVolume[] = []
  for (const [index, snapshotId] of snapshotIds.entries()) {
    const { imageName } = plan.volumes[index] as VolumeToBackUp
    volumes.push(await copyOut(backup, service, snapshotId, imageFileOf(imageName), plan))
  }
  for (const component of components) backup.setBackupSucceeded(...component, true)

  progress.phase('BackupComplete')
  await backup.backupComplete(options)
  await requireSoundWriters(backup, signal)
  const backupComponentsDocument = await output.write(DOCUMENT_NAME, backup.saveAsXML())
  return {
    snapshotSetId,
    volumes,
    frozenWriters,
    report,
    components: components.map(([, , , , componentName]) => componentName),
    backupComponentsDocument,
    writerMetadataDocuments,
  }
}

async function copyOut(
  backup: BackupComponents,
  service: LocalService,
  snapshotId: Guid,
  name: string,
  { output, progress, signal }: BackupPlan,
): Promise<BackedUpVolume> {
  const { snapshotDeviceObject, originalVolumeName, status } = backup.getSnapshotProperties(snapshotId)
  const lunOf = (isWanted: (volume: { name: string; deviceObject: string }) => boolean): Guid =>
    service.host.volumes().find(isWanted)?.lunGuid ?? ''
  using handle = service.host.openVolume(snapshotDeviceObject)
  const shown = join(output.directory, name)
  const onAdvance = (doneBytes: number, totalBytes: number): void =>
    progress.advance(shown, doneBytes, totalBytes)
  const image = await output.make(name, (path) => copyToImage(handle, path, { signal, onAdvance }))
  return {
    originalVolumeName,
    originalLun: lunOf(({ name }) => name === originalVolumeName),
    snapshotId,
    deviceObject: snapshotDeviceObject,
    copyLun: lunOf(({ deviceObject }) => deviceObject === snapshotDeviceObject),
    state: stateName(status),
    image,
  }
}

/** `VSS_SS_CREATED` as `created`, and so on. */
function stateName(status: VSS_SNAPSHOT_STATE): string {
  const name = Object.entries(VSS_SNAPSHOT_STATE).find(([, value]) => value === status)?.[0] ?? 'unknown'
  return name.replace('VSS_SS_', '').toLowerCase()
}

type ComponentName = Parameters<BackupComponents['addComponent']>

/** Gives what names each of them again in setBackupSucceeded. */
function includeAllComponents(backup: BackupComponents): ComponentName[] {
  const names: ComponentName[] = []
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    const { instanceId, metadata } = backup.getWriterMetadata(index)
    const { writerId } = metadata.getIdentity()
    for (let component = 0; component < metadata.getFileCounts().components; component++) {
      const { type, logicalPath, componentName } = metadata.getComponent(component).getComponentInfo()
      names.push([instanceId, writerId, type, logicalPath, componentName])
    }
  }
  for (const name of names) backup.addComponent(...name)
  return names
}

async function saveMetadata(
  backup: BackupComponents,
  output: DemoOutput,
  progress: DemoProgress,
): Promise<string[]> {
  const paths: string[] = []
  for (let index = 0; index < backup.getWriterMetadataCount(); index++) {
    const { metadata } = backup.getWriterMetadata(index)
    paths.push(await output.write(metadataFileOf(index), metadata.toXml()))
    const { writerName } = metadata.getIdentity()
    progress.note(`writer '${writerName}', ${metadata.getFileCounts().components} component(s)`)
  }
  return paths
}

/** A requester looks after every event whether its writers are still with it. */
async function requireSoundWriters(backup: BackupComponents, signal: AbortSignal): Promise<void> {
  await backup.gatherWriterStatus({ signal })
  for (let index = 0; index < backup.getWriterStatusCount(); index++) {
    const { failure, writerName, message } = backup.getWriterStatus(index)
    if (failure === 'S_OK') continue
    throw new VssError(
      failure,
      `writer '${writerName}' failed${message === undefined ? '' : `: ${message}`}`,
      {
        culprit: writerName,
      },
    )
  }
}

/**
 * Reports the steps of the set. Nothing is printed while writers are frozen: a terminal that does not
 * take its output would keep them frozen.
 */
function watchSet(progress: DemoProgress, frozenWriters: FrozenWriter[]): () => void {
  const unsaid: string[] = []
  let isFrozen = false
  const say = (): void => {
    for (const line of unsaid.splice(0)) progress.note(line)
  }
  const onPhaseStart = (message: unknown): void => {
    if ((message as PhaseMessage).phase === 'freeze') isFrozen = true
  }
  const onPhaseEnd = (message: unknown): void => {
    const { phase, error } = message as PhaseMessage
    unsaid.push(error === undefined ? phase : `${phase} failed`)
    if (phase === 'thaw' || phase === 'rollBack') isFrozen = false
    if (!isFrozen) say()
  }
  const onFreezeEnd = (message: unknown): void => {
    const { writerName, closedBy, durationMicros } = message as FreezeMessage
    if (closedBy === undefined) return
    frozenWriters.push({ writer: writerName, frozenMicros: durationMicros ?? 0, closedBy })
  }
  phaseChannel.start.subscribe(onPhaseStart)
  phaseChannel.asyncEnd.subscribe(onPhaseEnd)
  freezeChannel.asyncEnd.subscribe(onFreezeEnd)
  return () => {
    phaseChannel.start.unsubscribe(onPhaseStart)
    phaseChannel.asyncEnd.unsubscribe(onPhaseEnd)
    freezeChannel.asyncEnd.unsubscribe(onFreezeEnd)
    say()
  }
}
