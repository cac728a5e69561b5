/**
 * Which writers a backup is to see: by class, and by instance.
 */
import type { WriterFilter } from '../coordinator/backup-session.ts'
import { type Guid, parseGuids } from '../ids.ts'

export class WriterSelection {
  readonly filter: WriterFilter = { enabledClasses: [], disabledClasses: [], disabledInstances: [] }

  /** The first call disables all other classes; further calls add. */
  enableClasses(writerIds: readonly Guid[]): void {
    const ids = parseGuids(writerIds, 'writerIds')
    this.filter.enabledClasses.push(...ids)
    this.filter.disabledClasses = this.filter.disabledClasses.filter((id) => !ids.includes(id))
  }

  disableClasses(writerIds: readonly Guid[]): void {
    this.filter.disabledClasses.push(...parseGuids(writerIds, 'writerIds'))
  }

  disableInstances(instanceIds: readonly Guid[]): void {
    this.filter.disabledInstances.push(...parseGuids(instanceIds, 'instanceIds'))
  }
}
