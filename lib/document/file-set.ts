/**
 * What VSS allows as path and file specification of a file set (reference 2.13). Checked where a writer or requester
 * states one; documents that are read are taken as they are.
 */
import { badArgument, checkedText } from './values.ts'

/** Device paths (`\\?\Volume{…}\…`) have a question mark that is no wildcard. */
const DEVICE_PREFIX = /^\\\\\?\\/

/** POSIX, drive, UNC or root-relative path, or one that starts with a variable. */
const ABSOLUTE = /^(?:\/|\\|[A-Za-z]:|%[^%]+%|\$[^$]+\$)/

/**
 * @throws VssError `E_INVALIDARG` unless the path is absolute and without wildcards and the specification is a file
 *   name, wildcards allowed, without directories
 */
export function checkFileSet(path: string, filespec: string): void {
  checkPath(path, 'path')
  if (checkedText(filespec, 'filespec') === '') throw badArgument('filespec must not be empty')
  if (/[\\/]/.test(filespec))
    throw badArgument(`filespec '${filespec}' must be a file name without directories`)
}

/** @throws VssError `E_INVALIDARG` unless the path is absolute and without wildcards */
export function checkPath(path: string, what: string): void {
  if (!ABSOLUTE.test(checkedText(path, what))) throw badArgument(`${what} '${path}' must be an absolute path`)
  if (/[*?]/.test(path.replace(DEVICE_PREFIX, ''))) {
    throw badArgument(`${what} '${path}' must not have wildcards; they belong into the file specification`)
  }
}
