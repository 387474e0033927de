import { UserError } from '../errors.ts'
import type { Arm } from './arm.ts'
import { ArmError, record, text } from './arm-error.ts'
import { clusterPath, type ManagedCluster } from './managed-cluster.ts'
import { type FollowOptions, followOperation, operationOf } from './operation.ts'
import { requireRunCommand } from './private.ts'
import type { TokenSource } from './token-source.ts'
import { zip } from './zip.ts'

/** What AKS runs in the cluster: in a pod of the namespace aks-command, which has kubectl, jq and a shell. */
export interface Command {
  /** A shell command; runs in a folder that holds `files`. */
  command: string
  /** By name, without folders: AKS flattens them. */
  files?: Record<string, string>
}

export interface CommandResult {
  exitCode: number
  /** stdout and stderr together; AKS cuts what is longer than {@link OUTPUT_LIMIT}. */
  logs: string
  /** The logs reach the limit, so that their end is likely lost. */
  cut: boolean
}

export interface RunCommandOptions extends FollowOptions {
  /** Tokens for the API server, for clusters where Entra ID decides; AKS runs the command as their owner. */
  clusterToken?: TokenSource | undefined
}

/** Bytes of output that AKS keeps. */
export const OUTPUT_LIMIT = 512 * 1024

const DOCS = 'azure.md#private-clusters'

/**
 * Runs a command in a cluster through ARM, which needs no way to its API server. A command that fails is no
 * error: look at `exitCode`.
 * @throws UserError when the command could not be run, ArmError when ARM refused.
 */
export async function runCommand(
  arm: Arm,
  cluster: ManagedCluster,
  { command, files = {} }: Command,
  options: RunCommandOptions,
): Promise<CommandResult> {
  requireRunCommand(cluster, 'it is to be reached by run command')
  const clusterToken = await options.clusterToken?.(options.signal)
  const call = {
    method: 'POST' as const,
    path: `${clusterPath(cluster)}/runCommand`,
    signal: options.signal,
    body: {
      command,
      ...(Object.keys(files).length === 0 ? {} : { context: zip(files).toString('base64') }),
      ...(clusterToken === undefined ? {} : { clusterToken: clusterToken.token }),
    },
  }
  try {
    const answer = await arm.request(call)
    const operation = operationOf(call, answer, options.now)
    const result = operation === undefined ? answer.body : await followOperation(arm, operation, options)
    return resultOf(result)
  } catch (error) {
    throw explained(error, cluster)
  }
}

function resultOf(body: unknown): CommandResult {
  const properties = record(record(body)?.properties)
  const state = text(properties?.provisioningState)?.toLowerCase()
  const exitCode = properties?.exitCode
  if (state !== 'succeeded' || typeof exitCode !== 'number') {
    const reason = text(properties?.reason) ?? text(properties?.logs) ?? `it ended as ${state ?? 'unknown'}`
    throw new ArmError(reason.slice(0, 2000), { call: 'runCommand', code: 'RunCommandFailed', status: 200 })
  }
  const logs = text(properties?.logs) ?? ''
  return { exitCode, logs, cut: Buffer.byteLength(logs) >= OUTPUT_LIMIT }
}

/** What went wrong with the pod that AKS makes for the command; a refusal of ARM itself is left as it is. */
function explained(error: unknown, { name }: ManagedCluster): unknown {
  if (!(error instanceof ArmError) || error.code === 'AuthorizationFailed') return error
  const because = (what: string, next: string) =>
    new UserError(`The command could not be run in the cluster ${name}: ${what}`, {
      next,
      docs: DOCS,
      cause: error,
    })
  if (
    /did not start within|not schedulable|insufficient resources|timed? ?out.*schedul/i.test(error.message) ||
    error.code === 'KubernetesPerformanceError'
  ) {
    return because(
      error.message,
      'AKS gives its pod 60 seconds to start; it needs 200m CPU and 500Mi memory on a ready Linux node without taints. Make room (a node more, or a pool without taints) and run again.',
    )
  }
  if (/admission webhook|denied the request|violates PodSecurity/i.test(error.message)) {
    return because(
      error.message,
      'A policy refuses the pod of AKS. Exempt the namespace aks-command from it.',
    )
  }
  if (/run command.*disabled|RunCommandDisabled/i.test(`${error.code} ${error.message}`)) {
    return because(
      error.message,
      'Enable it (az aks update --enable-run-command), or use a runner in the network of the cluster.',
    )
  }
  if (error.code === 'OperationTimeout' || error.code === 'TIMEOUT') {
    return because(
      'it has not ended in time.',
      'Run again, with a larger timeout-seconds, or read fewer nodes at once.',
    )
  }
  if (error.code === 'RunCommandFailed' || /^Kubernetes\w*Error$/.test(error.code)) {
    return because(
      error.message,
      'Try it by hand: az aks command invoke -g … -n … --command "kubectl get nodes".',
    )
  }
  return error
}
