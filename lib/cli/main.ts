#!/usr/bin/env node
/** The `holdfast` command. */
import { EXIT } from './exit-codes.ts'

// Whoever reads the output may have read enough, as in `holdfast lun list … | head -1`, and a terminal may
// be closed: neither is a reason to leave the work undone, or what was begun of it lying about.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (thrown: NodeJS.ErrnoException) => {
    if (thrown.code !== 'EPIPE' && thrown.code !== 'EIO') throw thrown
  })
}

try {
  // Loads the addon. Where that fails, its explanation is the message, and a stack says nothing more.
  const { run } = await import('./program.ts')
  process.exitCode = await run(process.argv.slice(2))
} catch (thrown) {
  process.stderr.write(`holdfast: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = EXIT.internal
}
