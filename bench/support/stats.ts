/** Order statistics of samples, and how sure one can be of a median. */

export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) return Number.NaN
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1 + (q === 0 ? 1 : 0))] as number
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** The 95 % bootstrap interval of the median. */
export function medianInterval(samples: readonly number[], rounds = 1000): { low: number; high: number } {
  const medians: number[] = []
  for (let round = 0; round < rounds; round++) {
    const drawn = samples.map(() => samples[Math.floor(Math.random() * samples.length)] as number)
    medians.push(median(drawn))
  }
  return { low: quantile(medians, 0.025), high: quantile(medians, 0.975) }
}

export function rounded(value: number, digits = 1): number {
  const factor = 10 ** digits
  return Math.round(value * factor) / factor
}
