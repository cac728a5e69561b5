export { engineInfo } from './array/engine.ts'
export type { HeldVolume, ResolveVolume } from './array/kernel-support.ts'
export { ArrayKernelSupport } from './array/kernel-support.ts'
export type { ReadOptions, WriteOptions } from './array/lun.ts'
export { Lun } from './array/lun.ts'
export type { ArrayInfo, CreateArrayOptions, OpenArrayOptions } from './array/storage-array.ts'
export { StorageArray } from './array/storage-array.ts'
export type {
  ArmCopy,
  ArmOrder,
  CheckReport,
  CopyRecord,
  DiskEnds,
  EngineInfo,
  IoMode,
  LunInfo,
  SetRecord,
} from './binding.ts'
export { Initiator } from './binding.ts'
