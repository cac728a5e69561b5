/** `import 'holdfast/linux-x64-musl'`: takes the binary for this system into a bundle. */
import { registerAddon } from '../addon-registry.ts'
import load from './linux-x64-musl.binary.cts'

registerAddon('x64', 'musl', load)
