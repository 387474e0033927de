import { type KubeApi, type KubeCall, KubeError } from '../../cluster/kube-api.ts'
import { statusError } from '../../cluster/status.ts'
import type { KubeNode } from '../nodes.ts'
import type { CommandAnswer } from './answer.ts'

const CALLS: Record<string, string> = { '/api/v1/nodes': 'nodes', '/api/v1/services': 'services' }
const DAEMON_SET = /^\/apis\/apps\/v1\/namespaces\/kube-system\/daemonsets\/([a-z0-9.-]+)$/

/**
 * The answers that a command brought along, as an API server would give them: what reads lists over the network
 * reads them from here by the same code, refusals included.
 */
export function recordedApi(answer: CommandAnswer, server: string): KubeApi {
  const lookUp = ({ method, path, query }: KubeCall): object => {
    const call = `${method} ${path}`
    const [, daemonSet] = DAEMON_SET.exec(path) ?? []
    const name = daemonSet === undefined ? CALLS[path] : `daemonsets/${daemonSet}`
    const refusal = name === undefined ? undefined : answer.refusals.get(name)
    if (refusal !== undefined) throw kubectlError(refusal, call)
    if (daemonSet !== undefined && answer.daemonSets.has(daemonSet)) return { metadata: { name: daemonSet } }
    if (name === 'nodes') return list(selected(answer, String(query?.labelSelector ?? '')))
    if (name === 'services' && answer.services !== undefined) return list(answer.services)
    throw new KubeError('the output of the command in the cluster does not hold it; it was cut', { call })
  }
  return {
    server,
    request: async <T>(call: KubeCall) => lookUp(call) as T,
    watch: () => {
      throw new Error('there is nothing to watch in an answer')
    },
    close: async () => {},
  }
}

function list(items: unknown[]): object {
  return { metadata: {}, items }
}

/** The command has already applied the selector of the scope; one of the form `label=value` can be a further one. */
function selected({ nodes, rest, others }: CommandAnswer, labelSelector: string): KubeNode[] {
  const all = [...nodes, ...rest.nodes, ...others]
  const [, label = '', value] = /^([\w./-]+)=([\w.-]+)$/.exec(labelSelector) ?? []
  const narrowed = all.filter(({ metadata }) => metadata.labels?.[label] === value)
  return label.endsWith('/ebpf-dataplane') ? narrowed : all
}

const STATUS: Record<string, number> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 504,
  Timeout: 504,
}

/** The error that kubectl told in its words: `Error from server (Forbidden): nodes is forbidden: …`. */
export function kubectlError(text: string, call: string): KubeError {
  const said = text.trim()
  const form = /^Error from server(?: \((\w+)\))?: (?:error when creating "[^"]*": )?(.*)$/s
  const [, reason, message = said] = form.exec(said) ?? []
  const known = reason ?? (/^The \w+ ".*" is invalid/.test(said) ? 'Invalid' : undefined)
  const refused = /\(Unauthorized\)/.test(said) ? 'Unauthorized' : known
  const status = refused === undefined ? undefined : STATUS[refused]
  return statusError({ message, ...(refused && { reason: refused }) }, { call, status })
}
