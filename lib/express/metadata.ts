/**
 * What an express writer may say of itself: IVssCreateExpressWriterMetadata (reference 3.17). It has no process, so
 * nothing that would need one to answer an event: no incremental work, no alternate places, no restore of its own.
 */
import { CreateWriterMetadata } from '../document/create-writer-metadata.ts'
import type { WriterMetadataDocument } from '../document/writer-metadata.ts'
import type {
  AddComponentDependencyOptions,
  AddComponentOptions,
  AddFilesToFileGroupOptions,
  ExcludeFilesOptions,
  SetRestoreMethodOptions,
  WriterIdentityOptions,
} from '../document/writer-metadata-options.ts'
import {
  DEFAULT_FILE_SPEC_BACKUP_TYPE,
  VSS_BACKUP_SCHEMA,
  VSS_COMPONENT_TYPE,
  VSS_FILE_SPEC_BACKUP_TYPE,
  VSS_RESTOREMETHOD_ENUM,
  VSS_USAGE_TYPE,
  VSS_WRITERRESTORE_ENUM,
} from '../enums.ts'
import { VssError } from '../errors.ts'

const USAGES: readonly VSS_USAGE_TYPE[] = [
  VSS_USAGE_TYPE.VSS_UT_BOOTABLESYSTEMSTATE,
  VSS_USAGE_TYPE.VSS_UT_SYSTEMSERVICE,
  VSS_USAGE_TYPE.VSS_UT_USERDATA,
]
/** Methods that need a place or a procedure which only a running writer could give. */
const REFUSED_METHODS: readonly VSS_RESTOREMETHOD_ENUM[] = [
  VSS_RESTOREMETHOD_ENUM.VSS_RME_UNDEFINED,
  VSS_RESTOREMETHOD_ENUM.VSS_RME_RESTORE_TO_ALTERNATE_LOCATION,
  VSS_RESTOREMETHOD_ENUM.VSS_RME_CUSTOM,
]
const SCHEMA = VSS_BACKUP_SCHEMA.VSS_BS_COPY | VSS_BACKUP_SCHEMA.VSS_BS_INDEPENDENT_SYSTEM_STATE
const FULL_MASK =
  VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_FULL_BACKUP_REQUIRED |
  VSS_FILE_SPEC_BACKUP_TYPE.VSS_FSBT_FULL_SNAPSHOT_REQUIRED

/** A writer that takes no part asks for nothing but full and copy backups; the default asks for all, and means these. */
function isFullOnly(mask: number): boolean {
  return mask === DEFAULT_FILE_SPEC_BACKUP_TYPE || (mask & ~FULL_MASK) === 0
}

/**
 * Made by `ExpressWriter.createMetadata`. Members and their arguments are those of {@link CreateWriterMetadata}, as
 * far as an express writer has them; what it may not say is `VSS_E_NOT_SUPPORTED`.
 */
export class CreateExpressWriterMetadata {
  readonly #metadata: CreateWriterMetadata

  /** @internal */
  constructor(identity: Readonly<WriterIdentityOptions>) {
    requireOnly(USAGES.includes(identity.usage), 'system state, a system service or user data as its usage')
    this.#metadata = new CreateWriterMetadata(identity)
  }

  addExcludeFiles(options: ExcludeFilesOptions): void {
    this.#metadata.addExcludeFiles(options)
  }

  /** File groups only, without metadata of their own and without a call at the end of the backup. */
  addComponent(options: AddComponentOptions): void {
    requireOnly(options.type !== VSS_COMPONENT_TYPE.VSS_CT_DATABASE, 'file groups')
    requireOnly(
      !options.restoreMetadata && !options.notifyOnBackupComplete,
      'components that expect no events',
    )
    this.#metadata.addComponent(options)
  }

  /** Without an alternate location; the mask may ask for full and copy backups only. */
  addFilesToFileGroup(options: AddFilesToFileGroupOptions): void {
    requireOnly((options.alternateLocation ?? null) === null, 'files without an alternate location')
    requireOnly(
      isFullOnly(options.backupTypeMask ?? DEFAULT_FILE_SPEC_BACKUP_TYPE),
      'masks for full and copy backups',
    )
    this.#metadata.addFilesToFileGroup(options)
  }

  /** Every method but the custom one and the one for an alternate location; `writerRestore` has to be never. */
  setRestoreMethod(options: SetRestoreMethodOptions): void {
    requireMethod(options.method, options.writerRestore)
    this.#metadata.setRestoreMethod(options)
  }

  addComponentDependency(options: AddComponentDependencyOptions): void {
    this.#metadata.addComponentDependency(options)
  }

  /** Copy backups and an independent system state; everything else needs a writer that runs. */
  setBackupSchema(schemaMask: number): void {
    requireOnly((schemaMask & ~SCHEMA) === 0, 'schemas for full and copy backups')
    this.#metadata.setBackupSchema(schemaMask)
  }

  saveAsXML(): string {
    return this.#metadata.saveAsXML()
  }
}

/** @throws VssError `VSS_E_NOT_SUPPORTED` if the document says what an express writer may not */
export function checkExpressMetadata(document: WriterMetadataDocument): void {
  requireOnly(
    USAGES.includes(document.getIdentity().usage),
    'system state, a system service or user data as its usage',
  )
  requireOnly((document.getBackupSchema() & ~SCHEMA) === 0, 'schemas for full and copy backups')
  const method = document.getRestoreMethod()
  if (method !== null) {
    requireMethod(method.method, method.writerRestore)
    requireOnly(method.mappings === 0, 'files without an alternate location')
  }
  requireOnly(document.getExcludeFromSnapshotCount() === 0, 'files that stay in the shadow copy')
  for (let index = 0; index < document.getFileCounts().components; index++) {
    const component = document.getComponent(index)
    const info = component.getComponentInfo()
    requireOnly(info.type === VSS_COMPONENT_TYPE.VSS_CT_FILEGROUP, 'file groups')
    requireOnly(!info.restoreMetadata && !info.notifyOnBackupComplete, 'components that expect no events')
    for (let file = 0; file < info.fileCount; file++) {
      const files = component.getFile(file)
      requireOnly(files.getAlternateLocation() === null, 'files without an alternate location')
      requireOnly(isFullOnly(files.getBackupTypeMask()), 'masks for full and copy backups')
    }
  }
}

function requireMethod(method: VSS_RESTOREMETHOD_ENUM, writerRestore: VSS_WRITERRESTORE_ENUM): void {
  requireOnly(!REFUSED_METHODS.includes(method), 'restore methods that need no writer')
  requireOnly(writerRestore === VSS_WRITERRESTORE_ENUM.VSS_WRE_NEVER, 'restores without the writer')
}

function requireOnly(allowed: boolean, what: string): void {
  if (allowed) return
  throw new VssError('VSS_E_NOT_SUPPORTED', `an express writer can have ${what} only`, {
    remedy: 'Leave it out, or write a writer that runs.',
  })
}
