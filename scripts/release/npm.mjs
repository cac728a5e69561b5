// npm as a program for this node: the one that runs us, or else the one installed with node or found on PATH.
import { existsSync, realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'

/** The path of npm-cli.js. npm names itself in npm_execpath, but so do yarn and pnpm, and a plain node names nobody. */
export function npmCli(env = process.env) {
  const onPath = (env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'))
  const candidates = [
    env.npm_execpath ?? '',
    join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
    ...onPath,
  ]
  for (const path of candidates) {
    if (!existsSync(path)) continue
    const program = realpathSync(path)
    if (basename(program) === 'npm-cli.js') return program
  }
  throw new Error('npm was not found: neither beside node nor on PATH')
}

/** The node-gyp that npm brings along. */
export const nodeGyp = (env = process.env) =>
  join(dirname(npmCli(env)), '../node_modules/node-gyp/bin/node-gyp.js')
