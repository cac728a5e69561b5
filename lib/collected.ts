/**
 * Objects that were garbage-collected while they were open: each is closed, and the process warned,
 * because whoever dropped it forgot to.
 */

interface Open {
  what: string
  close: () => Promise<unknown>
}

const registry = new FinalizationRegistry<Open>(({ what, close }) => {
  process.emitWarning(`${what} was garbage-collected while it was open; call close() or use "await using"`, {
    type: 'HoldfastWarning',
    code: 'HOLDFAST_NOT_CLOSED',
  })
  // Nobody is left to be told how it went; what it leaves, the next opening recovers.
  void close()
})

/** From now on `object` is open. `close` gets the handle and must not reach the object itself. */
export function watchOpen<Handle>(
  object: object,
  what: string,
  handle: Handle,
  close: (handle: Handle) => Promise<unknown>,
): void {
  registry.register(object, { what, close: () => close(handle) }, object)
}

/** The object is being closed as it should be. */
export function forgetOpen(object: object): void {
  registry.unregister(object)
}
