import { nearestFirst } from '../src/nearest.ts'

type Flags =
  | { kind: 'inputs'; inputs: Record<string, string> }
  | { kind: 'help' }
  | { kind: 'wrong'; message: string }

/** `--<input>=<value>` or `--<input> <value>`; a flag alone means true. Unknown ones are refused. */
export function parseFlags(args: string[], names: string[]): Flags {
  const inputs: Record<string, string> = {}
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? ''
    if (arg === '--help' || arg === '-h') return { kind: 'help' }
    const flag = /^--([^=]+)(?:=(.*))?$/s.exec(arg)
    if (!flag)
      return {
        kind: 'wrong',
        message: `"${arg}" is not a flag. Inputs are given as --name=value; --help lists them.`,
      }
    const [, name = '', value] = flag
    if (!names.includes(name)) {
      return {
        kind: 'wrong',
        message: `--${name} is not an input. Did you mean --${nearestFirst(name, names)[0] ?? ''}? --help lists all.`,
      }
    }
    const next = args[at + 1]
    if (value !== undefined) inputs[name] = value
    else if (next !== undefined && !next.startsWith('--')) {
      inputs[name] = next
      at++
    } else inputs[name] = 'true'
  }
  return { kind: 'inputs', inputs }
}

/** Help made of action.yml, so that it cannot differ from the action. */
export function helpText(action: {
  inputs: Record<string, { description: string; default?: string }>
  outputs: Record<string, { description: string }>
}): string {
  const entries = (all: Record<string, { description: string; default?: string }>, prefix: string) =>
    Object.entries(all).map(([name, { description, default: value }]) => {
      const lines = description
        .trim()
        .split('\n')
        .map((line) => `      ${line}`)
      return `  ${prefix}${name}${value ? `  (default: ${value})` : ''}\n${lines.join('\n')}\n`
    })
  return [
    'Checks connection tracking and TIME-WAIT on every node of a Kubernetes cluster.\n',
    'npm start -- --<input>=<value> ...      without a cluster: on the small AKS of the tests\n',
    'Inputs:',
    ...entries(action.inputs, '--'),
    'Outputs:',
    ...entries(action.outputs, ''),
    '',
  ].join('\n')
}
