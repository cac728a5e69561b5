/** Where a demo says what it is doing, for whoever is watching. */
export interface DemoProgress {
  /** A part of the backup begins. */
  phase(title: string): void
  /** Something worth a line inside the present part. */
  note(text: string): void
  /** How much of something long is done; called often. */
  advance(what: string, doneBytes: number, totalBytes: number): void
}
