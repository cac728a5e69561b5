#!/usr/bin/env node
/** The `holdfast` command. */
import { EXIT } from './exit-codes.ts'

// Whoever reads the output may have read enough: `holdfast lun list … | head -1`.
process.stdout.on('error', (thrown: NodeJS.ErrnoException) => {
  if (thrown.code !== 'EPIPE') throw thrown
})

try {
  // Loads the addon. Where that fails, its explanation is the message, and a stack says nothing more.
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2))
} catch (thrown) {
  process.stderr.write(`holdfast: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = EXIT.internal
}
