/**
 * How a provider is registered: who it is, and where it runs.
 */
import { VSS_PROVIDER_TYPE } from '../enums.ts'
import { describeValue, VssError } from '../errors.ts'
import type { Guid } from '../ids.ts'
import type { ProviderConnection } from './connection.ts'
import type { Provider } from './interfaces.ts'

/**
 * Where the provider runs. The rule of VSS is a process of its own; a provider inside this process
 * has to be asked for by name.
 */
export interface InProcessProvider {
  kind: 'inProcess'
  provider: Provider
}

/** A connection somebody else made, for example to a process. */
export interface ConnectedProvider {
  kind: 'connection'
  connection: ProviderConnection
}

/** As in IVssAdmin::RegisterProvider, and where to find it. */
export interface ProviderRegistration {
  /** Stable over versions of the provider. */
  providerId: Guid
  providerName: string
  providerType: VSS_PROVIDER_TYPE
  providerVersion: string
  /** One for each version; the provider's own id serves where there is only one. */
  providerVersionId?: Guid
  classId?: Guid
  host: InProcessProvider | ConnectedProvider
  /**
   * Whether the provider needs the writes in flight to have ended when it commits. `true` is right for
   * whoever copies a LUN from below, `false` only for one that knows which epoch a write belongs to.
   *
   * @defaultValue `true`
   */
  needsQuiescedWrites?: boolean
}

const TYPES: readonly unknown[] = Object.values(VSS_PROVIDER_TYPE)

/** @throws VssError `E_INVALIDARG` naming the field; the ids are for whoever reads them */
export function checkRegistration(registration: ProviderRegistration): void {
  const { providerName, providerType, providerVersion, host } = fieldsOf(registration, 'registration')
  checkText(providerName, 'providerName')
  checkText(providerVersion, 'providerVersion')
  if (!TYPES.includes(providerType)) throw refused('providerType', providerType, 'a VSS_PROVIDER_TYPE')
  const { kind, provider, connection } = fieldsOf(host, 'host')
  if (kind === 'inProcess') {
    fieldsOf(provider, 'host.provider')
  } else if (kind === 'connection') {
    const { call, close, methods } = fieldsOf(connection, 'host.connection')
    if (typeof call !== 'function' || typeof close !== 'function' || !(methods instanceof Set)) {
      throw refused('host.connection', connection, 'a ProviderConnection')
    }
  } else {
    throw refused('host.kind', kind, "'inProcess' or 'connection'")
  }
}

function fieldsOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw refused(name, value, 'an object')
  return value as Record<string, unknown>
}

function checkText(value: unknown, name: string): void {
  if (typeof value !== 'string' || value === '') throw refused(name, value, 'a text that is not empty')
}

function refused(name: string, value: unknown, expected: string): VssError {
  return new VssError(
    'E_INVALIDARG',
    `${name} of a provider to be registered is ${describeValue(value)}, not ${expected}`,
    { culprit: name },
  )
}
