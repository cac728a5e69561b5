// What a compiled addon says of itself, read from its ELF headers. readelf (binutils) reads every architecture.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const versionEntry = 'node_api_module_get_api_version_v1'

function readelf(file, ...options) {
  const env = { ...process.env, LC_ALL: 'C' }
  const run = spawnSync('readelf', ['--wide', ...options, file], { encoding: 'utf8', env })
  if (run.error) throw new Error(`readelf is needed (Debian package binutils): ${run.error.message}`)
  // readelf goes on after a damaged header and says so on stderr only.
  if (run.status !== 0 || /Error:/.test(run.stderr))
    throw new Error(`${file} is no readable ELF file: ${run.stderr}`)
  return run.stdout
}

/** Dynamic symbols, each with the version it is bound to and whether the file defines it. */
function dynamicSymbols(file) {
  return readelf(file, '--dyn-syms')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([number, , , , binding]) => /^\d+:$/.test(number ?? '') && /^(GLOBAL|WEAK|UNIQUE)$/.test(binding),
    )
    .map(([, value, size, , binding, , section, symbol = '']) => {
      const [name, version] = symbol.split(/@+/)
      return {
        name,
        version: version ?? null,
        isWeak: binding === 'WEAK',
        isDefined: section !== 'UND',
        address: Number.parseInt(value, 16),
        sizeBytes: Number(size),
      }
    })
}

/** The versions of other libraries that the file asks for. */
function versionsNeeded(file) {
  const text = readelf(file, '--version-info')
  const needs = text.slice(Math.max(0, text.indexOf('Version needs section')))
  const versions = []
  let library = ''
  for (const [, fileName, version] of needs.matchAll(/File: (\S+)|Name: (\S+)/g)) {
    if (fileName !== undefined) library = fileName
    else if (library !== '') versions.push({ library, version })
  }
  return versions
}

/** Segments as the system maps them: type, place in the file and in memory, flags, alignment. */
function segments(file) {
  return readelf(file, '--program-headers')
    .split('\n')
    .map((line) => /^ {2}([A-Z]\w+) +(0x\w+) (0x\w+) 0x\w+ 0x\w+ (0x\w+) ([RWE ]{3}) (\w+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, type, offset, address, sizeBytes, flags, alignment]) => ({
      type,
      offset: Number(offset),
      address: Number(address),
      sizeBytes: Number(sizeBytes),
      flags,
      alignmentBytes: Number(alignment),
    }))
}

/** How the file asks to be loaded. */
function loading(file) {
  const dynamic = readelf(file, '--dynamic')
  const found = segments(file)
  const has = (type) => found.some((segment) => segment.type === type)
  const flags = (dynamic.match(/^ 0x\w+ \(FLAGS(_1)?\).*$/gm) ?? []).join(' ')
  const bindsNow = /BIND_NOW|\bNOW\b/.test(flags)
  // Without that header the stack is executable.
  const stack = found.find(({ type }) => type === 'GNU_STACK')
  return {
    libraries: [...dynamic.matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name).sort(),
    searchPaths: [...dynamic.matchAll(/\((?:RPATH|RUNPATH)\).*\[(.*)\]/g)].map(([, path]) => path),
    hasExecutableStack: stack === undefined || stack.flags.includes('E'),
    hasTextRelocations: /\(TEXTREL\)/.test(dynamic) || /TEXTREL/.test(flags),
    hasPackedRelocations: /\(RELR\)/.test(dynamic),
    hasStaticTls: /STATIC_TLS/.test(flags),
    relro: has('GNU_RELRO') ? (bindsNow ? 'full' : 'partial') : 'none',
    segmentAlignmentBytes: Math.min(
      ...found.filter(({ type }) => type === 'LOAD').map(({ alignmentBytes }) => alignmentBytes),
    ),
  }
}

/** Nothing but what loading takes: no table of symbols, no debug information. */
function isStripped(file) {
  const names = readelf(file, '--section-headers')
  return !/\s(SYMTAB)\s/.test(names) && !/\s\.z?debug_/.test(names)
}

function newest(versions) {
  const parts = (version) => version.split('.').map(Number)
  return versions
    .sort((a, b) => {
      const [x, y] = [parts(a), parts(b)]
      return x[0] - y[0] || x[1] - y[1]
    })
    .at(-1)
}

/**
 * The version that a module answers when Node asks it: its entry consists of little more than loading that number, so
 * the instruction that does is looked up in the code. Undefined where there is no such entry or instruction.
 */
function nodeApiVersion(file, machine) {
  const entry = dynamicSymbols(file).find(({ name, isDefined }) => isDefined && name === versionEntry)
  if (entry === undefined) return undefined
  const segment = segments(file)
    .filter(({ type }) => type === 'LOAD')
    .find(({ address, sizeBytes }) => entry.address >= address && entry.address < address + sizeBytes)
  if (segment === undefined) return undefined
  const start = entry.address - segment.address + segment.offset
  const code = readFileSync(file).subarray(start, start + entry.sizeBytes)
  if (machine === 'x64') {
    const at = code.indexOf(0xb8) // mov eax, imm32
    return at >= 0 && at + 5 <= code.length ? code.readUInt32LE(at + 1) : undefined
  }
  for (let at = 0; at + 4 <= code.length; at += 4) {
    const word = code.readUInt32LE(at)
    if ((word & 0xffe0001f) >>> 0 === 0x52800000) return (word >>> 5) & 0xffff // mov w0, imm16
  }
  return undefined
}

const machines = { 'Advanced Micro Devices X86-64': 'x64', AArch64: 'arm64' }

/**
 * Facts of one .node file: what it is for, what it asks of the system that loads it, what it takes from there and shows to
 * it, size and SHA-256. glibcFloor is the newest plain version of glibc among those asked for, null where there is none.
 */
export function inspect(file) {
  const bytes = readFileSync(file)
  const arch = machines[/Machine:\s+(.*)/.exec(readelf(file, '--file-header'))?.[1]?.trim()]
  const symbols = dynamicSymbols(file)
  const versions = versionsNeeded(file)
  const glibc = versions.flatMap(({ version }) => /^GLIBC_(\d+\.\d+)/.exec(version)?.[1] ?? [])
  return {
    arch,
    glibcFloor: newest(glibc) ?? null,
    versions,
    ...loading(file),
    exported: symbols
      .filter(({ isDefined }) => isDefined)
      .map(({ name }) => name)
      .sort(),
    imported: symbols
      .filter(({ isDefined }) => !isDefined)
      .map(({ name, version, isWeak }) => ({ name, version, isWeak })),
    nodeApiVersion: nodeApiVersion(file, arch),
    isStripped: isStripped(file),
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}
