/**
 * The commands that bring a package which does not load into order, told by the folder that it lies in:
 * each works from wherever it is typed. `installed` ends with a slash, and is undefined for a bundle
 * that has no package near it.
 */

const INSTALL = 'npm install holdfast'
// Not "npm rebuild": where install scripts are blocked it does nothing and says that it has.
const COMPILE = 'explore holdfast -- node scripts/native.mjs gyp'

/** Puts the same package there anew. The place is the best sign of who installed it. */
export function reinstallCommand(installed: string | undefined): string {
  if (installed === undefined) return INSTALL
  const { unplugged, yarns, project, isPnpm, isGlobal } = placeOf(installed)
  if (unplugged !== undefined && yarns !== undefined)
    return `rm -rf ${quote(unplugged)} && yarn --cwd ${quote(yarns)} install`
  if (project === undefined) return buildCommand(installed)
  if (isPnpm) return `pnpm --dir ${quote(project)} install --force`
  const where = isGlobal ? '--global holdfast' : `--prefix ${quote(project)}`
  // Without the slash: behind a link it would reach further than meant.
  return `rm -rf ${quote(installed.slice(0, -1))} && npm install ${where}`
}

/** Puts that version there. */
export function installVersionCommand(installed: string, version: string): string {
  const { yarns, project, isPnpm, isGlobal } = placeOf(installed)
  const wanted = `holdfast@${version}`
  if (yarns !== undefined) return `yarn --cwd ${quote(yarns)} add ${wanted}`
  if (project === undefined) return `npm --prefix ${quote(installed)} run build`
  if (isPnpm) return `pnpm --dir ${quote(project)} add ${wanted}`
  return isGlobal ? `npm install --global ${wanted}` : `npm install --prefix ${quote(project)} ${wanted}`
}

/** Compiles the package where it lies. */
export function buildCommand(installed: string | undefined): string {
  if (installed === undefined) return `${INSTALL} --ignore-scripts && npm ${COMPILE}`
  // The innermost: npm looks for the package right below it, whoever put it there.
  const [, above] = /^(.*)\/node_modules\/holdfast\/$/.exec(installed) ?? []
  if (above !== undefined) return `npm --prefix ${quote(above === '' ? '/' : above)} ${COMPILE}`
  return `npm --prefix ${quote(installed)} run build:native`
}

/** For a shell. */
export function quote(path: string): string {
  return /^[\w./@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}

interface Place {
  /** The folder that yarn keeps the package in, out of its archives, and the project that this yarn is of. */
  unplugged?: string
  yarns?: string
  /** The folder above the outermost node_modules; a checkout has none. */
  project?: string
  isPnpm: boolean
  isGlobal: boolean
}

function placeOf(installed: string): Place {
  const [, unplugged, yarns] = /^((.*)\/\.yarn\/unplugged\/[^/]+)\//.exec(installed) ?? []
  if (unplugged !== undefined && yarns !== undefined)
    return { unplugged, yarns, isPnpm: false, isGlobal: false }
  const [, project, rest = ''] = /^(.*?)\/node_modules\/(.*)$/.exec(installed) ?? []
  if (project === undefined) return { isPnpm: false, isGlobal: false }
  const isGlobal = rest === 'holdfast/' && project.endsWith('/lib')
  return { project: project === '' ? '/' : project, isPnpm: rest.startsWith('.pnpm/'), isGlobal }
}
