/** `import 'holdfast/linux-arm64-musl'`: takes the binary for this system into a bundle. */
import { registerAddon } from '../addon-registry.ts'
import load from './linux-arm64-musl.binary.cts'

registerAddon('arm64', 'musl', load)
