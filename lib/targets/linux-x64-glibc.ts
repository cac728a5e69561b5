/** `import 'holdfast/linux-x64-glibc'`: takes the binary for this system into a bundle. */
import { registerAddon } from '../addon-registry.ts'
import load from './linux-x64-glibc.binary.cts'

registerAddon('x64', 'glibc', load)
