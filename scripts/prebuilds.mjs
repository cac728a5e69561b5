// npm run prebuilds [-- x64-glibc arm64-musl …]    cross-builds the binaries of a release into prebuilds/
//
// The compiler is zig's clang with its own libc++, linked in statically: one machine, Linux x64, builds for both
// architectures and both C libraries, against glibc 2.28, whatever it runs on itself. Its packages are pinned by
// tools/release and are installed on first use; a checkout does not need them.
//
// The same sources give the same bytes: nothing of the machine, the folder or the time goes into a binary, and
// "npm run prebuilds:check -- --twice" proves it. Sources are built in a copy below .cache/, because prebuildify begins
// by deleting build/, where the addon of this checkout lies. Each binary is put into the manifest when it is built; the
// others and their entries stay as they are.
import { join } from 'node:path'
import { buildTarget } from './release/build.mjs'
import { recordBinary } from './release/manifest.mjs'
import { root } from './release/sources.mjs'
import { targets } from './release/targets.mjs'
import { ensureReleaseTools } from './release/tools.mjs'

function main(names) {
  const unknown = names.filter((name) => !(name in targets))
  if (unknown.length > 0) {
    console.error(`no target ${unknown.join(', ')}; there is: ${Object.keys(targets).join(', ')}`)
    process.exit(2)
  }
  ensureReleaseTools()
  const out = join(root, 'prebuilds')
  for (const name of names) {
    process.stdout.write(`${name} …`)
    const started = performance.now()
    const sources = buildTarget(name, out)
    recordBinary(out, targets[name].file, sources)
    console.log(` ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
}

try {
  const names = process.argv.slice(2)
  main(names.length > 0 ? names : Object.keys(targets))
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
