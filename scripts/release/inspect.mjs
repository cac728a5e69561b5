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

/** Dynamic symbols: name without version, and whether the file defines it. */
function dynamicSymbols(file) {
  return readelf(file, '--dyn-syms')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([number, , , , binding]) => /^\d+:$/.test(number ?? '') && /^(GLOBAL|WEAK|UNIQUE)$/.test(binding),
    )
    .map(([, value, size, , , , section, name = '']) => ({
      name: name.replace(/@.*/, ''),
      isDefined: section !== 'UND',
      address: Number.parseInt(value, 16),
      sizeBytes: Number(size),
    }))
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
  const segment = readelf(file, '--program-headers')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([type]) => type === 'LOAD')
    .map(([, offset, address, , size]) => ({
      offset: Number(offset),
      address: Number(address),
      size: Number(size),
    }))
    .find(({ address, size }) => entry.address >= address && entry.address < address + size)
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
 * Facts of one .node file: architecture, highest glibc version asked for (null if none), libraries needed, symbols
 * exported, Node-API functions imported, the Node-API version it was made for, size and SHA-256.
 */
export function inspect(file) {
  const bytes = readFileSync(file)
  const arch = machines[/Machine:\s+(.*)/.exec(readelf(file, '--file-header'))?.[1]?.trim()]
  const symbols = dynamicSymbols(file)
  const glibc = [...readelf(file, '--version-info').matchAll(/Name: GLIBC_(\d+\.\d+)/g)].map(
    ([, version]) => version,
  )
  return {
    arch,
    glibcFloor: newest(glibc) ?? null,
    libraries: [...readelf(file, '--dynamic').matchAll(/NEEDED.*\[(.*)\]/g)].map(([, name]) => name).sort(),
    exported: symbols
      .filter(({ isDefined }) => isDefined)
      .map(({ name }) => name)
      .sort(),
    nodeApiImports: symbols
      .filter(({ name, isDefined }) => !isDefined && /^(napi|node_api)_/.test(name))
      .map(({ name }) => name)
      .sort(),
    nodeApiVersion: nodeApiVersion(file, arch),
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}
