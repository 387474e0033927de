import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ArmRefusal, type ArmRequest, type ArmRoute, type ArmService } from './arm.ts'
import { CLUSTER, clusterOf } from './clusters.ts'
import type { ClusterSpec, KubernetesSide, Reply } from './types.ts'
import { unzip } from './unzip.ts'

const SMALL_KUBECTL = `'${process.execPath}' --disable-warning=ExperimentalWarning '${fileURLToPath(new URL('kubectl.ts', import.meta.url))}'`

/** What the pod of a run command is like. */
export interface CommandPod {
  /** A shell word or words; default: the small kubectl. */
  kubectl?: string | undefined
  /** Bytes of output that are kept; default as AKS, 512 kB. */
  outputLimit?: number | undefined
}

interface Run {
  startedAt: Date
  done: boolean
  result?: { exitCode: number; logs: string; finishedAt: Date }
  fault?: { code: string; message: string }
}

/** Commands that really run: in a folder of their own, with a kubectl that talks to the API server. */
export interface Commands {
  routes: ArmRoute[]
  /** Ends what still runs and deletes its folders. */
  stop: () => Promise<void>
}

export function createCommands(
  service: ArmService,
  specs: ClusterSpec[],
  kubernetes: KubernetesSide,
  pod: CommandPod = {},
): Commands {
  const runs = new Map<string, Run>()
  const running = new Set<{ end: () => void; ended: Promise<void> }>()

  const start = (call: ArmRequest): Reply => {
    const cluster = clusterOf(service, call)
    const spec = specs.find(({ name }) => name === cluster.body.name)
    const { command, context = '', clusterToken = '' } = call.json()
    if (typeof command !== 'string' || typeof context !== 'string' || typeof clusterToken !== 'string') {
      throw new ArmRefusal(400, 'InvalidParameter', 'command, context and clusterToken must be strings')
    }
    if (spec?.runCommandDisabled) {
      throw new ArmRefusal(400, 'BadRequest', `Run command is disabled in managed cluster ${spec.name}.`)
    }
    const entra = spec?.entra !== false
    if (entra && clusterToken === '')
      throw new ArmRefusal(400, 'BadRequest', 'clusterToken is required for a managed AAD cluster')
    const id = randomBytes(16).toString('hex')
    const run: Run = { startedAt: new Date(), done: false }
    runs.set(id, run)
    if (spec?.runCommandFault !== undefined)
      Object.assign(run, { done: true, fault: faultOf(spec.runCommandFault, id) })
    else {
      const kubeconfig = entra
        ? tokenKubeconfig(kubernetes, clusterToken)
        : kubernetes.localKubeconfig(undefined)
      const job = execute({ command, context, kubeconfig, pod }, (result) =>
        Object.assign(run, { done: true, result }),
      )
      running.add(job)
      void job.ended.finally(() => running.delete(job))
    }
    return accepted(service, call, call.path.replace(/\/runCommand$/i, `/commandResults/${id}`))
  }

  const look = (call: ArmRequest): Reply => {
    clusterOf(service, call)
    const run = runs.get(call.part('id'))
    if (run === undefined)
      throw new ArmRefusal(404, 'NotFound', `The command ${call.part('id')} was not found.`)
    if (run.fault !== undefined) throw new ArmRefusal(400, run.fault.code, run.fault.message)
    if (run.result === undefined) return accepted(service, call, call.path)
    const { exitCode, logs, finishedAt } = run.result
    const properties = {
      provisioningState: 'Succeeded',
      exitCode,
      startedAt: run.startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      logs,
    }
    return { status: 200, body: { id: call.part('id'), properties } }
  }

  return {
    routes: [
      {
        method: 'POST',
        path: new RegExp(`${CLUSTER}/runcommand`),
        action: 'Microsoft.ContainerService/managedClusters/runCommand/action',
        scope: (path) => path.replace(/\/runCommand$/i, ''),
        serve: start,
      },
      {
        method: 'GET',
        path: new RegExp(`${CLUSTER}/commandresults/(?<id>[^/]+)`),
        action: 'Microsoft.ContainerService/managedClusters/commandResults/read',
        serve: look,
      },
    ],
    stop: async () => {
      const jobs = [...running]
      for (const job of jobs) job.end()
      await Promise.all(jobs.map(({ ended }) => ended))
    },
  }
}

function accepted(service: ArmService, call: ArmRequest, path: string): Reply {
  const location = `${call.origin}${path}?api-version=${call.query['api-version'] ?? ''}`
  return { status: 202, headers: { location, 'retry-after': String(service.pollSeconds) } }
}

function faultOf(
  fault: NonNullable<ClusterSpec['runCommandFault']>,
  id: string,
): { code: string; message: string } {
  if (fault === 'unschedulable') {
    return {
      code: 'KubernetesPerformanceError',
      message: `Failed to run command due to cluster perf issue, container command-${id} in aks-command namespace did not start within 30s on your cluster, retry may helps. If issue persist, you may need to tune your cluster with better performance (larger node/paid tier).`,
    }
  }
  return {
    code: 'KubernetesOperationError',
    message:
      'Failed to run command in managed cluster due to kubernetes failure. details: admission webhook "validation.gatekeeper.sh" denied the request: [azurepolicy-k8sazurev3readonlyrootfilesystem] only read-only root filesystem container is allowed: command',
  }
}

function tokenKubeconfig(kubernetes: KubernetesSide, token: string): string {
  const authority = Buffer.from(kubernetes.ca.certificate).toString('base64')
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'in-cluster',
    clusters: [
      { name: 'in-cluster', cluster: { server: kubernetes.server, 'certificate-authority-data': authority } },
    ],
    contexts: [{ name: 'in-cluster', context: { cluster: 'in-cluster', user: 'caller' } }],
    users: [{ name: 'caller', user: { token } }],
  })
}

interface Work {
  command: string
  context: string
  kubeconfig: string
  pod: CommandPod
}

function execute(
  work: Work,
  done: (result: NonNullable<Run['result']>) => void,
): { end: () => void; ended: Promise<void> } {
  const stopper = new AbortController()
  const ended = (async () => {
    const folder = await mkdtemp(join(tmpdir(), 'small-aks-command-'))
    try {
      const { exitCode, logs } = await inFolder(folder, work, stopper.signal)
      done({ exitCode, logs, finishedAt: new Date() })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })()
  return { end: () => stopper.abort(), ended }
}

/** As the pod of AKS: the files flat in the working folder, kubectl on the path and already signed in. */
async function inFolder(
  folder: string,
  work: Work,
  signal: AbortSignal,
): Promise<{ exitCode: number; logs: string }> {
  const [home, bin] = [join(folder, 'command-files'), join(folder, 'bin')]
  await Promise.all([mkdir(home), mkdir(bin)])
  for (const [name, content] of work.context === '' ? [] : unzip(Buffer.from(work.context, 'base64'))) {
    await writeFile(join(home, basename(name)), content)
  }
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, work.kubeconfig, { mode: 0o600 })
  const kubectl = join(bin, 'kubectl')
  await writeFile(kubectl, `#!/bin/sh\nexec ${work.pod.kubectl ?? SMALL_KUBECTL} "$@"\n`)
  await chmod(kubectl, 0o755)
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', work.command], {
      cwd: home,
      env: { PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, HOME: home, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
    const kill = () => child.pid !== undefined && process.kill(-child.pid, 'SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    child.once('close', (code) => {
      signal.removeEventListener('abort', kill)
      resolve({
        exitCode: code ?? 137,
        logs: Buffer.concat(output)
          .subarray(0, work.pod.outputLimit ?? 512 * 1024)
          .toString('utf8'),
      })
    })
  })
}
