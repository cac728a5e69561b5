export type { EngineInfo } from './binding.ts'
export { engineInfo } from './binding.ts'
