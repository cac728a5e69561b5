import type { OptionsFor } from './copy-volume.ts'

/** Where a demo says what it is doing, for whoever is watching. */
export interface DemoProgress {
  /** A part of the backup begins. */
  phase(title: string): void
  /** Something worth a line inside the present part. */
  note(text: string): void
  /** How much of something long is done; called often. */
  advance(what: string, doneBytes: number, totalBytes: number): void
}

/**
 * For whatever reads all of something.
 *
 * @param shown - a name as people are to see it
 */
export function tellingOf(
  progress: DemoProgress,
  signal: AbortSignal,
  shown: (what: string) => string = (what) => what,
): OptionsFor {
  return (what) => ({
    signal,
    onAdvance: (doneBytes, totalBytes) => progress.advance(shown(what), doneBytes, totalBytes),
  })
}
