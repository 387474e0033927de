/**
 * `npm run bench`: what a check costs, as ratios within one run.
 *
 * 1. Start-up of the bundle against `node -e 0`.
 * 2. 3, 100 and 1000 nodes of the small AKS whose kubelets answer at once, against a bare HTTP client that
 *    makes the same creates at the same concurrency, one watch and the delete.
 * 3. With a kubeconfig and node names as arguments: a real cluster, against one bare pod on each node.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startAks } from '../__tests__/aks/aks.ts'
import { inputVariables, root } from '../scripts/run-action.ts'
import { answerOf } from './answer.ts'
import { median, type Timing, timeProcess } from './measure.ts'
import { benchRealCluster } from './real-cluster.ts'

const ROUNDS = 7
const action = join(root, 'dist/index.js')
const folder = mkdtempSync(join(tmpdir(), 'ach-bench-'))
const base = { PATH: process.env.PATH, HOME: folder, RUNNER_TEMP: folder, GITHUB_ACTIONS: 'true' }

async function startUp(): Promise<void> {
  const nothing = join(folder, 'nothing.mjs')
  writeFileSync(nothing, '')
  const bare: number[] = []
  const started: number[] = []
  for (let round = 0; round < 15; round++) {
    bare.push((await timeProcess(nothing, base, folder)).ms)
    // A wrong input ends the run right after everything is loaded.
    started.push((await timeProcess(action, { ...base, ...inputVariables({ 'fail-on': 'x' }) }, folder)).ms)
  }
  print(`start-up: ${round(median(started))} ms, an empty script: ${round(median(bare))} ms`)
}

async function nodes(count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, index) => `aks-np1-${String(index).padStart(4, '0')}`)
  const answer = await answerOf('healthy')
  const aks = await startAks({ nodes: names.map((name) => ({ name, pool: 'np1', state: { answer } })) })
  try {
    const env = { ...base, NODE_EXTRA_CA_CERTS: aks.caFile }
    const inputs = inputVariables({ kubeconfig: aks.kubeconfig(), 'sample-seconds': '0' })
    const mine: Timing[] = []
    const theirs: Timing[] = []
    let requests = 0
    for (let turn = 0; turn < ROUNDS; turn++) {
      const before = aks.requests.length
      mine.push(await timeProcess(action, { ...env, ...inputs }, folder))
      requests = aks.requests.length - before
      theirs.push(await bareClient(aks, names, env))
    }
    for (const { status, output } of [...mine, ...theirs]) if (status !== 0) throw new Error(output)
    const [a, b] = [median(mine.map(({ ms }) => ms)), median(theirs.map(({ ms }) => ms))]
    print(
      `${count} nodes: ${round(a)} ms, bare client ${round(b)} ms, ratio ${(a / b).toFixed(2)}; ` +
        `${requests} requests (${(requests / count).toFixed(2)} a node); ` +
        `peak ${round(Math.max(...mine.map(({ peakMb }) => peakMb)))} MB`,
    )
  } finally {
    await aks.stop()
  }
}

/** The pods are those that the action made, under names and a label of their own. */
function bareClient(
  aks: Awaited<ReturnType<typeof startAks>>,
  names: string[],
  env: Record<string, string | undefined>,
): Promise<Timing> {
  const made = aks.requests.findLast(({ method, path }) => method === 'POST' && path.endsWith('/pods'))
  const template = JSON.stringify(made?.body)
  const pods = names.map((name, index) => {
    const pod = JSON.parse(template) as { metadata: object; spec: object }
    const metadata = { ...pod.metadata, name: `bare-${index}`, labels: { bench: 'bare' } }
    return JSON.stringify({ ...pod, metadata, spec: { ...pod.spec, nodeName: name } })
  })
  const file = join(folder, 'pods.json')
  writeFileSync(file, JSON.stringify(pods))
  const token = /token: "?([^"\s]+)/.exec(aks.kubeconfig())?.[1] ?? ''
  const bare = { BARE_SERVER: aks.server, BARE_TOKEN: token, BARE_CA: aks.caFile, BARE_PODS: file }
  return timeProcess(
    join(import.meta.dirname, 'bare-client.ts'),
    { ...env, ...bare, NODE_OPTIONS: '--disable-warning=ExperimentalWarning' },
    folder,
  )
}

const round = (value: number) => String(Math.round(value))
const print = (line: string) => process.stdout.write(`${line}\n`)

try {
  const [kubeconfig, ...realNodes] = process.argv.slice(2)
  if (kubeconfig !== undefined) {
    await benchRealCluster(readFileSync(kubeconfig, 'utf8'), realNodes, { action, folder, base, print })
  } else {
    await startUp()
    for (const count of [3, 100, 1000]) await nodes(count)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
