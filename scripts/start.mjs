// npm start [-- arguments]    the main job on its embedded default: "holdfast demo"
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ensureDist } from './dist.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
ensureDist()
const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), 'demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// The terminal sends Ctrl-C to both; the demo cleans up and decides the exit code.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  if (signal) console.error(`the demo ended by ${signal}`)
  process.exit(code ?? 1)
})
