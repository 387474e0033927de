import { KubeError } from '../../cluster/kube-api.ts'
import { noAnswerIn } from '../follow-pods.ts'
import type { Outcome } from '../ledger.ts'
import { misplaced, placementNext } from '../placement.ts'
import { stateOf } from '../pod-state.ts'
import { lacksRight, type Refusal, refusalOf } from '../refusal.ts'
import type { CommandAnswer } from './answer.ts'
import { kubectlError } from './recorded-api.ts'

export interface OutcomeOptions {
  namespace: string
  nodeTimeoutSeconds: number
  /** Whether AKS cut the output. */
  cut: boolean
}

const again = 'Run again, or read fewer nodes: name them in the input "nodes" or their pools in "node-pools".'

/** What became of the pod of a node, by what the command printed about it. Anything missing is a failure. */
export function outcomeIn(answer: CommandAnswer, node: string, options: OutcomeOptions): Outcome {
  const name = answer.planned.get(node)
  if (name === undefined) return failed('the command in the cluster made no pod for it', again)
  const pod = answer.pods.get(name)
  if (pod !== undefined) {
    const misplacement = misplaced(pod, node)
    if (misplacement !== undefined) return failed(misplacement, placementNext)
    const state = stateOf(pod)
    if (state.kind !== 'pending') return state
    return noAnswerIn(options.nodeTimeoutSeconds, state)
  }
  const refusal = refusalIn(answer, name, options.namespace)
  if (refusal !== undefined) return failed(refusal.why, refusal.next)
  if (!answer.complete) {
    const why = options.cut
      ? 'AKS cut the output of the command in the cluster at 512 kB'
      : 'the output of the command in the cluster ends too early'
    return failed(`${why}, and the node's answer is not in it`, again)
  }
  const unfollowed = answer.refusals.get('pods')
  if (unfollowed !== undefined) return cannotFollow(unfollowed, options.namespace)
  return { kind: 'failed', why: 'its pod was deleted before it answered', silent: true }
}

function failed(why: string, next: string): Outcome {
  return { kind: 'failed', why, next }
}

/**
 * Why a pod was not created: what kubectl said about it by name, else the first that it said about none of the
 * pods, which it does where admission refused.
 */
function refusalIn(answer: CommandAnswer, pod: string, namespace: string): Refusal | undefined {
  const text = answer.refusals.get('create')
  if (text === undefined) return undefined
  const words = text
    .split(/^(?=Error from server|The \w+ "|Unable to connect|error: )/m)
    .filter((each) => each.trim() !== '')
  const pods = [...answer.planned.values()]
  const own = words.find((each) => each.includes(`"${pod}"`))
  const said = own ?? words.find((each) => !pods.some((other) => each.includes(`"${other}"`)))
  if (said === undefined) return undefined
  return refusalOf(kubectlError(said, `POST /api/v1/namespaces/${namespace}/pods`), namespace)
}

function cannotFollow(text: string, namespace: string): Outcome {
  const error = kubectlError(text, `GET /api/v1/namespaces/${namespace}/pods`)
  if (error instanceof KubeError && error.status === 403) {
    const { why, next } = lacksRight('list', namespace, error.message)
    return failed(why, next)
  }
  return failed(
    `its pod cannot be followed: ${error.message}`,
    'Look whether the API server is not overloaded, and run again.',
  )
}
