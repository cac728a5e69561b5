/** Points the public pages leave open, and what Holdfast does. */
export interface Choice {
  where: string
  point: string
  here: string
}

export const CHOICES: readonly Choice[] = []
