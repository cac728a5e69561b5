// What the C library of musl offers, by architecture. The list is the one that zig's linker resolves against: libc.S of
// its package, which has a stub for every symbol that libc.so exports and says in conditionals where each is missing.
// It stands for the musl that zig brings (1.2.5); that an older one has them too is proved by loading, in
// test/release/systems.test.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zigLib } from './tools.mjs'

const defined = {
  x64: ['ARCH_x86_64', 'FAMILY_x86', 'PTR64'],
  arm64: ['ARCH_aarch64', 'FAMILY_aarch64', 'PTR64'],
}

function isTrue(condition, names) {
  return condition.split('&&').every((term) => {
    const [, not, name] = /^\s*(!?)\s*defined\((\w+)\)\s*$/.exec(term) ?? []
    if (name === undefined) throw new Error(`libc.S has a condition that is not understood: ${condition}`)
    return names.includes(name) !== (not === '!')
  })
}

/** The symbols that stubs in assembler define where these macros are. */
export function readStubs(text, names) {
  const symbols = new Set()
  const conditions = []
  for (const line of text.split('\n')) {
    const [, directive, rest = ''] = /^#\s*(\w+)\s*(.*)/.exec(line) ?? []
    if (directive === 'ifdef') conditions.push(names.includes(rest.trim()))
    else if (directive === 'ifndef') conditions.push(!names.includes(rest.trim()))
    else if (directive === 'if') conditions.push(isTrue(rest, names))
    else if (directive === 'else') conditions.push(!conditions.pop())
    else if (directive === 'endif') conditions.pop()
    else if (directive !== undefined && directive !== 'define')
      throw new Error(`libc.S has a directive that is not understood: ${line}`)
    else if (conditions.every(Boolean)) {
      const symbol = /^(?:\.globl|\.weak|WEAK64|WEAKTIME64)\s+(\S+)/.exec(line)?.[1]
      if (symbol !== undefined) symbols.add(symbol)
    }
  }
  return symbols
}

export const muslSymbols = (arch) =>
  readStubs(readFileSync(join(zigLib(), 'libc/musl/libc.S'), 'utf8'), defined[arch])
