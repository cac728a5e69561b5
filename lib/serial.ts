/** Work that must not overlap: each piece starts when the one before has ended, however it ended. */
export class Serial {
  #last: Promise<void> = Promise.resolve()

  /**
   * A signal counts while the work waits for its turn: then it is not begun, and the signal's reason is what
   * it rejects with. Work that has begun is left alone.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const giveUp = (): void => reject(signal?.reason)
      if (signal?.aborted) {
        giveUp()
        return
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#last = this.#last.then(async () => {
        signal?.removeEventListener('abort', giveUp)
        if (signal?.aborted) return
        try {
          resolve(await work())
        } catch (thrown) {
          reject(thrown)
        }
      })
    })
  }
}
