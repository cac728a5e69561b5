/** Whom the administration of finished shadow copies asks; a coordinator is one. */
import { type Clock, withLimit } from '../clock.ts'
import { VssError } from '../errors.ts'
import type { SnapshotCatalogue } from './catalogue.ts'
import type { VolumeHost } from './host.ts'
import type { CoordinatorLimits } from './limits.ts'
import type { ProviderRegistry } from './provider-registry.ts'

export interface CopyParties {
  readonly clock: Clock
  readonly host: VolumeHost
  readonly limits: Readonly<CoordinatorLimits>
  readonly providers: ProviderRegistry
  readonly catalogue: SnapshotCatalogue
}

/** One call of the host, with its limit. */
export function askHost<T>(
  { clock, limits }: Pick<CopyParties, 'clock' | 'limits'>,
  name: string,
  work: Promise<T>,
): Promise<T> {
  const limitMillis = limits.hostCallMillis
  return withLimit(clock, work, {
    limitMillis,
    onLimit: () =>
      new VssError('VSS_E_UNEXPECTED', `the host did not answer ${name} within ${limitMillis} ms`, {
        culprit: 'host',
      }),
  })
}
