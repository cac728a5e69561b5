// What a release is built for, and what each binary may ask of the machine it runs on.
import { join } from 'node:path'

/** The oldest glibc that the official binaries of the supported Node versions run on. */
export const glibcFloor = '2.28'

/** name → what zig calls it, where it goes, and the libraries it may need. */
export const targets = {
  'x64-glibc': target('x64', 'glibc', `x86_64-linux-gnu.${glibcFloor}`),
  'arm64-glibc': target('arm64', 'glibc', `aarch64-linux-gnu.${glibcFloor}`),
  'x64-musl': target('x64', 'musl', 'x86_64-linux-musl'),
  'arm64-musl': target('arm64', 'musl', 'aarch64-linux-musl'),
}

function target(arch, libc, triple) {
  const libraries =
    libc === 'musl'
      ? /^libc\.so$/
      : /^(lib(c\.so\.6|m\.so\.6|pthread\.so\.0|dl\.so\.2|rt\.so\.1)|ld-linux-(x86-64\.so\.2|aarch64\.so\.1))$/
  return { arch, libc, triple, libraries, file: join(`linux-${arch}`, `holdfast.${libc}.node`) }
}
