// lib/binding.ts
//
// The seam: what the addon offers, declared once.
import { loadNative } from './load.ts'

export interface EngineInfo {
  nodeApiVersion: number
  compiler: string
}

interface Native {
  engineInfo(): EngineInfo
}

const native = loadNative() as Native

export function engineInfo(): EngineInfo {
  return native.engineInfo()
}
