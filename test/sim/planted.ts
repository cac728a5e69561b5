/**
 * Twelve bugs that a coordinator, a writer's session or a provider host could have, planted between the parties of a
 * simulated world, where nothing of the library can reach them. Each has to be seen by the rules of the simulation.
 */
import type { Clock } from '../../lib/clock.ts'
import { Coordinator } from '../../lib/coordinator/coordinator.ts'
import type { VolumeHost } from '../../lib/coordinator/host.ts'
import type { HoldLease, HoldVerdict, KernelSupport } from '../../lib/coordinator/kernel-support.ts'
import { VSS_APPLICATION_LEVEL, VSS_WRITER_STATE } from '../../lib/enums.ts'
import type { ProviderConnection } from '../../lib/provider/connection.ts'
import type { ProviderMethod } from '../../lib/provider/interfaces.ts'
import type { WriterConnection, WriterEvent, WriterReply } from '../../lib/writer/events.ts'
import type { Between } from '../helpers/fakes/world.ts'

/** Passes what `swallowed` names for delivered. */
function deafTo(swallowed: WriterEvent['type']): Between {
  return {
    writer: (connection) => ({
      identity: connection.identity,
      deliver: (event: WriterEvent): Promise<WriterReply> =>
        event.type === swallowed
          ? Promise.resolve({ state: VSS_WRITER_STATE.VSS_WS_STABLE, failure: 'S_OK', fatal: false })
          : connection.deliver(event),
    }),
  }
}

function withCalls(
  change: (
    connection: ProviderConnection,
    method: ProviderMethod,
    args: readonly unknown[],
  ) => Promise<unknown>,
): Between {
  return {
    provider: (connection) => ({
      methods: connection.methods,
      call: (method, args) => change(connection, method, args),
      close: () => connection.close(),
    }),
  }
}

function withHost(change: (host: VolumeHost) => Partial<VolumeHost>): Between {
  return { host: (host) => overriding(host, change(host)) }
}

function withKernel(change: (kernelSupport: KernelSupport) => Partial<KernelSupport>): Between {
  return { kernelSupport: (kernelSupport) => overriding(kernelSupport, change(kernelSupport)) }
}

function overriding<T extends object>(original: T, changed: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      const replacement: unknown = Reflect.get(changed, name)
      if (replacement !== undefined) return replacement
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** A coordinator that never gives up the reservation of a set. */
class HoardingCoordinator extends Coordinator {
  override endReservation(): void {}
}

export const PLANTED_BUGS: Readonly<Record<string, Between>> = {
  thawIsForgotten: deafTo('Thaw'),
  abortIsForgotten: deafTo('Abort'),
  shutdownIsForgotten: deafTo('BackupShutdown'),
  windowHasNoTimer: {
    writerClock: (clock): Clock => ({
      nowMillis: () => clock.nowMillis(),
      wallMillis: () => clock.wallMillis(),
      setTimer: (callback, delayMillis) =>
        [1_000, 20_000, 60_000].some((window) => Math.abs(delayMillis - window) < 1)
          ? { clear: () => undefined }
          : clock.setTimer(callback, delayMillis),
    }),
  },
  levelsAreMixed: {
    writer: (connection): WriterConnection => ({
      identity: {
        ...connection.identity,
        applicationLevel: VSS_APPLICATION_LEVEL.VSS_APP_FRONT_END,
      },
      deliver: (event) => connection.deliver(event),
    }),
  },
  failureIsHidden: {
    writer: (connection): WriterConnection => ({
      identity: connection.identity,
      deliver: async (event) => {
        const reply = await connection.deliver(event)
        return event.type === 'Status' ? { ...reply, failure: 'S_OK' } : reply
      },
    }),
  },
  writesAreNotReleased: withKernel(() => ({
    release: (lease: HoldLease): Promise<HoldVerdict> =>
      Promise.resolve({
        heldThroughout: true,
        holdMicros: 1,
        heldAtMicros: 0,
        releasedAtMicros: 1,
        endedBy: 'release',
        luns: lease.volumes.map(({ volumeName }) => ({
          lun: volumeName,
          volumeNames: [volumeName],
          holdMicros: 1,
          queuedWriteCount: 0,
          providerWriteCount: 0,
          inFlightWriteCount: 0,
        })),
      }),
  })),
  deadlineIsIgnored: withKernel((kernelSupport) => ({
    release: async (lease): Promise<HoldVerdict> => {
      const verdict = await kernelSupport.release(lease)
      return { ...verdict, heldThroughout: true, endedBy: 'release', holdMicros: 1 }
    },
  })),
  flagsAreLeft: withHost(() => ({ clearPendingFlags: () => Promise.resolve() })),
  partOfASetIsCommitted: withCalls((connection, method, args) =>
    method === 'commitSnapshots'
      ? connection.call(method, args).catch(() => undefined)
      : connection.call(method, args),
  ),
  providersAreNotAborted: withCalls((connection, method, args) =>
    method === 'abortSnapshots' ? Promise.resolve(undefined) : connection.call(method, args),
  ),
  reservationIsKept: { coordinator: HoardingCoordinator },
}
