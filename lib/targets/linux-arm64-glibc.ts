/** `import 'holdfast/linux-arm64-glibc'`: takes the binary for this system into a bundle. */
import { registerAddon } from '../addon-registry.ts'
import load from './linux-arm64-glibc.binary.cts'

registerAddon('arm64', 'glibc', load)
