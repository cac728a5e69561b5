/** The command line of Holdfast, put together. */
import { Command, CommanderError } from 'commander'
import { VERSION } from '../version.ts'
import { addArrayCommands } from './array-commands.ts'
import { addBenchCommand } from './bench-command.ts'
import { addDemoCommand } from './demo-command.ts'
import { EXIT, EXIT_MEANINGS, type ExitCode, exitCodeOf } from './exit-codes.ts'
import { addLunCommands } from './lun-commands.ts'
import { errorRecord, toJson } from './output.ts'
import { addSnapshotCommands } from './snapshot-commands.ts'
import { addTestKitCommands } from './test-kit-commands.ts'

/** Runs one command line, without the names of program and script. Gives the exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  process.exitCode = EXIT.ok
  try {
    await makeProgram().parseAsync([...argv], { from: 'user' })
    return process.exitCode as ExitCode
  } catch (thrown) {
    // Commander has said what there is to say, help or complaint, to people.
    const isUsage = thrown instanceof CommanderError
    if (isUsage && thrown.exitCode === 0) return EXIT.ok
    const error = isUsage ? { code: 'ERR_INVALID_ARGUMENT', message: thrown.message } : errorRecord(thrown)
    if (!isUsage) process.stderr.write(`holdfast: ${String(error['message'])}\n`)
    if (argv.includes('--json')) process.stdout.write(`${toJson({ error })}\n`)
    return isUsage ? EXIT.usage : exitCodeOf(thrown)
  }
}

/** All commands. Errors of the command line are thrown. */
export function makeProgram(): Command {
  const program = new Command('holdfast')
    .description('Consistent shadow copies of live LUNs')
    .version(VERSION)
    .showHelpAfterError('(holdfast --help says more)')
  addDemoCommand(program)
  addArrayCommands(program)
  addLunCommands(program)
  addSnapshotCommands(program)
  addBenchCommand(program)
  addTestKitCommands(program)
  for (const command of allOf(program)) command.exitOverride().addHelpText('after', exitCodeHelp())
  return program
}

/** exitOverride is not handed down to commands that were added already. */
function allOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allOf)]
}

function exitCodeHelp(): string {
  const lines = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return `\nExit codes:\n${lines.join('\n')}`
}
