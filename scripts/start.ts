/**
 * `npm start`: runs dist/index.js as the runner does, with the inputs as flags. Without a cluster it starts
 * the small AKS of the tests and checks that, so that a newcomer sees the whole of it work.
 */
import { helpText, parseFlags } from './flags.ts'
import { passOn, readActionFile, runAction } from './run-action.ts'
import { stylesFor, terminalLine } from './terminal.ts'

const styles = stylesFor(process.stdout, process.env)
const action = readActionFile()
const flags = parseFlags(process.argv.slice(2), Object.keys(action.inputs))

if (flags.kind === 'help') {
  process.stdout.write(helpText(action))
} else if (flags.kind === 'wrong') {
  process.stderr.write(`${flags.message}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await start(flags.inputs)
}

async function start(inputs: Record<string, string>): Promise<number> {
  const named = inputs.kubeconfig || inputs['cluster-name'] || process.env.KUBECONFIG
  if (named) return check(inputs, { ...process.env, GITHUB_ACTIONS: undefined })
  const { startDemo } = await import('./demo.ts')
  const demo = await startDemo()
  try {
    process.stdout.write(demo.introduction)
    return await check({ ...inputs, kubeconfig: demo.kubeconfig }, demo.environment)
  } finally {
    await demo.stop()
  }
}

async function check(inputs: Record<string, string>, env: NodeJS.ProcessEnv): Promise<number> {
  const print = linePrinter()
  const result = await runAction({
    inputs,
    env: { ...withoutRunnerFiles(env), ...colours() },
    onOutput: print,
    timeoutMs: 6 * 3_600_000,
    onStart: forwardSignals,
  })
  for (const [name, value] of Object.entries(result.outputs)) {
    passOn('GITHUB_OUTPUT', `${name}<<end-of-${name}\n${value}\nend-of-${name}\n`)
  }
  passOn('GITHUB_STEP_SUMMARY', result.summary)
  return result.status ?? 1
}

/** The child writes into a pipe and cannot see where its text ends up. */
function colours(): NodeJS.ProcessEnv {
  return process.stdout.isTTY && !process.env.NO_COLOR ? { FORCE_COLOR: '1' } : {}
}

/** The child gets runner files of its own; what it wrote is passed on to the caller's afterwards. */
function withoutRunnerFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const {
    GITHUB_OUTPUT: _o,
    GITHUB_STEP_SUMMARY: _s,
    GITHUB_STATE: _t,
    GITHUB_ENV: _e,
    GITHUB_PATH: _p,
    ...rest
  } = env
  return rest
}

function linePrinter(): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const text = terminalLine(line, styles)
      if (text !== undefined) process.stdout.write(`${text}\n`)
    }
  }
}

function forwardSignals(child: { kill(signal: NodeJS.Signals): boolean }): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
}
