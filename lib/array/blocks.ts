/**
 * Walking over the blocks of LUNs. The walk itself is the array's, which gathers what it needs once and in steps;
 * here is its life.
 */
import { type ArrayHandle, binding, unwrap } from '../binding.ts'
import { type AsyncOptions, cancellable } from '../cancellation.ts'
import type { Guid } from '../ids.ts'
import { abortable } from './abortable.ts'

/** A range of a LUN. */
export interface Extent {
  offsetBytes: number
  lengthBytes: number
}

// So many in one answer of the array; they wait in memory until they are taken.
const EXTENTS_MAX = 1024

/** Extents in order; what is not taken to the end is ended with the generator. */
export async function* walkBlocks(
  member: string,
  array: ArrayHandle,
  older: Guid | null,
  newer: Guid,
  options: AsyncOptions | undefined,
): AsyncGenerator<Extent, void> {
  const walk = await cancellable(member, options, async (signal) =>
    unwrap(
      await abortable(binding.walkBegin(array, older, newer), signal, {
        undo: (begun) => binding.walkEnd(array, begun),
      }),
    ),
  )
  try {
    for (;;) {
      const numbers = await cancellable(member, options, async (signal) =>
        unwrap(await abortable(binding.walkContinue(array, walk, EXTENTS_MAX), signal)),
      )
      if (numbers.length === 0) return
      for (let i = 0; i < numbers.length; i += 2) {
        yield { offsetBytes: numbers[i] as number, lengthBytes: numbers[i + 1] as number }
      }
    }
  } finally {
    // An array that is closed by now has ended it.
    await binding.walkEnd(array, walk)
  }
}
