/**
 * What the library offers, as the compiler sees it: the public members of every name that `lib/index.ts` exports.
 *
 * The page of conformance asks here and nowhere else whether a member exists, so that no table can claim it.
 */
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export interface Declarations {
  /**
   * Members of an exported class or type, own and inherited, in the order of their declaration; of the static side of a
   * class for `typeof X`.
   */
  membersOf(exported: string): readonly string[] | undefined
  /** Whether this name is exported at all: functions and constants are members of the module. */
  exports(name: string): boolean
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Reads the sources; takes the seconds of one type check. */
export function readDeclarations(index: string = `${root}lib/index.ts`): Declarations {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile) as { config: object }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram([index], options)
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(index)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${index} is no module`)
  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]))

  return {
    exports: (name) => exported.has(name),
    membersOf: (name) => {
      const isStatic = name.startsWith('typeof ')
      const symbol = exported.get(isStatic ? name.slice('typeof '.length) : name)
      if (symbol === undefined) return undefined
      const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      return publicMembers(
        checker,
        isStatic ? checker.getTypeOfSymbol(declared) : checker.getDeclaredTypeOfSymbol(declared),
      )
    },
  }
}

function publicMembers(checker: ts.TypeChecker, type: ts.Type): string[] {
  const isPublic = (member: ts.Symbol): boolean =>
    (member.declarations ?? []).every((declaration) => {
      const flags = ts.getCombinedModifierFlags(declaration)
      return (
        (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) === 0 && !isInternal(declaration)
      )
    })
  return checker
    .getPropertiesOfType(type)
    .filter(isPublic)
    .map((member) => member.name)
    .filter((name) => /^[a-z]\w*$/i.test(name))
}

/** `@internal` members belong to the house and are no part of an interface. */
function isInternal(declaration: ts.Declaration): boolean {
  return ts.getJSDocTags(declaration).some((tag) => tag.tagName.text === 'internal')
}
