/**
 * The addons that a bundle brings along: a list between the entries of lib/targets, which put
 * themselves on it when they are imported, and the loader, which reads it. It does not outlive the
 * thread, and each bundle has its own.
 */
import type { Libc } from './libc.ts'

export interface RegisteredAddon {
  arch: string
  libc: Libc
  /** Gives the addon, or the path of its file, whichever a bundler puts in the place of that. */
  load(): unknown
}

const addons: RegisteredAddon[] = []

/** `load` comes from a CommonJS module, whose exports have no type. */
export function registerAddon(arch: string, libc: Libc, load: unknown): void {
  addons.push({ arch, libc, load: load as RegisteredAddon['load'] })
}

export function registeredAddons(): readonly RegisteredAddon[] {
  return addons
}
