// The source tree as the house tests see it: files, and the lines by which one reaches another.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** Paths below a folder, relative to the project, sorted; none where the folder does not exist. */
export function filesBelow(folder: string, extension: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extension.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort()
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export interface Edge {
  /** The file the line stands in. */
  from: string
  /** A path of the project, or the bare name of something outside it. */
  to: string
  /** True for an import that leaves nothing behind at run time. */
  typeOnly: boolean
}

/** What the native files include: "x/y.h" is relative to native/, <x.h> keeps its brackets. */
export function nativeEdges(): Edge[] {
  return filesBelow('native', /\.(cc|h)$/).flatMap((from) =>
    [...textOf(from).matchAll(/^\s*#\s*include\s+(?:"([^"]+)"|(<[^>]+>))/gm)].map(([, own, system]) => ({
      from,
      to: own === undefined ? String(system) : `native/${own}`,
      typeOnly: false,
    })),
  )
}

/** What the library files import, export from, import() and require(). */
export function libEdges(): Edge[] {
  return filesBelow('lib', /\.ts$/).flatMap((from) => edgesIn(from, textOf(from)))
}

export function edgesIn(from: string, text: string): Edge[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = code.matchAll(
    /^\s*(import|export)\s+(type\s+)?(?:[\w*{][^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm,
  )
  const calls = code.matchAll(/(?:\bimport|\brequire|createRequire\([^)]*\))\(\s*['"]([^'"]+)['"]/g)
  return [
    ...[...statements].map(([, , type, target]) => ({
      target: String(target),
      typeOnly: type !== undefined,
    })),
    ...[...calls].map(([, target]) => ({ target: String(target), typeOnly: false })),
  ].map(({ target, typeOnly }) => ({
    from,
    to: target.startsWith('.') ? join(dirname(from), target) : target,
    typeOnly,
  }))
}

/** A chain of files that ends where it began, or undefined. */
export function findCycle(edges: readonly Edge[]): string[] | undefined {
  const next = new Map<string, string[]>()
  for (const { from, to } of edges) next.set(from, [...(next.get(from) ?? []), to])
  const finished = new Set<string>()
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (finished.has(file)) return undefined
    for (const target of next.get(file) ?? []) {
      const cycle = visit(target, [...path, file])
      if (cycle) return cycle
    }
    finished.add(file)
    return undefined
  }
  for (const file of next.keys()) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}

/** Every file that loading one of `starts` loads too, with the file that asked for it. */
export function reachable(starts: readonly string[], edges: readonly Edge[]): Map<string, string> {
  const reached = new Map<string, string>(starts.map((file) => [file, '']))
  for (const file of reached.keys()) {
    for (const edge of edges) {
      if (edge.from === file && !edge.typeOnly && !reached.has(edge.to)) reached.set(edge.to, file)
    }
  }
  return reached
}
