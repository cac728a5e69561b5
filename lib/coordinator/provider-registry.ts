/**
 * The registered providers, and which of them is asked first.
 */
import { type Clock, withLimit } from '../clock.ts'
import { VSS_PROVIDER_TYPE } from '../enums.ts'
import { VssError } from '../errors.ts'
import { bracedGuid, type Guid, parseGuid } from '../ids.ts'
import { ProviderHost, type ProviderLimits, type ProviderRegistration } from '../provider/provider-host.ts'

/** VSS_PROVIDER_PROP. */
export interface ProviderProperties {
  providerId: Guid
  providerName: string
  providerType: VSS_PROVIDER_TYPE
  providerVersion: string
  providerVersionId: Guid
  classId: Guid
}

/** Hardware is asked before software, and the system provider last (R184). */
const CHOICE_ORDER: readonly VSS_PROVIDER_TYPE[] = [
  VSS_PROVIDER_TYPE.VSS_PROV_HARDWARE,
  VSS_PROVIDER_TYPE.VSS_PROV_SOFTWARE,
  VSS_PROVIDER_TYPE.VSS_PROV_SYSTEM,
]

export class ProviderRegistry {
  readonly #providers: Map<Guid, ProviderHost> = new Map()
  readonly #clock: Clock
  readonly #limits: Partial<ProviderLimits>
  readonly #unloadMillis: number

  constructor(clock: Clock, limits: Partial<ProviderLimits>, unloadMillis: number) {
    this.#clock = clock
    this.#limits = limits
    this.#unloadMillis = unloadMillis
  }

  async register(registration: ProviderRegistration, signal?: AbortSignal): Promise<ProviderHost> {
    const provider = new ProviderHost(registration, this.#clock, this.#limits)
    if (this.#providers.has(provider.providerId)) {
      throw new VssError(
        'VSS_E_PROVIDER_ALREADY_REGISTERED',
        `provider ${bracedGuid(provider.providerId)} is registered as '${this.get(provider.providerId).providerName}'`,
        { culprit: provider.providerName },
      )
    }
    this.#providers.set(provider.providerId, provider)
    try {
      await provider.load(signal)
    } catch (thrown) {
      this.#providers.delete(provider.providerId)
      throw thrown
    }
    return provider
  }

  /**
   * Lets a provider go; its wish to stay is overruled, for the caller has decided. It is gone from here
   * also if it does not go in time.
   */
  async unregister(providerId: Guid): Promise<void> {
    const provider = this.get(providerId)
    this.#providers.delete(provider.providerId)
    const { providerName } = provider
    const limitMillis = this.#unloadMillis
    await withLimit(this.#clock, provider.unload(true), {
      limitMillis,
      onLimit: () =>
        new VssError(
          'VSS_E_UNEXPECTED_PROVIDER_ERROR',
          `provider '${providerName}' did not let go within ${limitMillis} ms`,
          { culprit: providerName },
        ),
    })
  }

  /** @throws VssError `VSS_E_PROVIDER_NOT_REGISTERED` */
  get(providerId: Guid): ProviderHost {
    const id = parseGuid(providerId, 'providerId')
    const provider = this.#providers.get(id)
    if (provider === undefined) {
      throw new VssError('VSS_E_PROVIDER_NOT_REGISTERED', `there is no provider ${bracedGuid(id)}`)
    }
    return provider
  }

  has(providerId: Guid): boolean {
    return this.#providers.has(providerId)
  }

  /** In the order in which they are asked: by class, within a class by registration. */
  inChoiceOrder(): ProviderHost[] {
    return CHOICE_ORDER.flatMap((type) =>
      [...this.#providers.values()].filter((provider) => provider.providerType === type),
    )
  }

  properties(): ProviderProperties[] {
    return [...this.#providers.values()].map(
      ({ providerId, providerName, providerType, providerVersion, providerVersionId, classId }) => ({
        providerId,
        providerName,
        providerType,
        providerVersion,
        providerVersionId,
        classId,
      }),
    )
  }
}
