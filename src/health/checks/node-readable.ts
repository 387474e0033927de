import type { NodeResult } from '../../node/reading.ts'
import { type Check, type CheckInput, nameOf, notKnown, subjectOf } from '../check.ts'
import type { Finding } from '../finding.ts'
import { byName, clip, plural } from '../format.ts'

/** Whether every node in scope answered. What was not read is not healthy. */
export const nodeReadable: Check = {
  id: 'node-readable',
  make: judge,
  phrase(group) {
    const [first, ...others] = [...group].sort((a, b) => byName(nameOf(a.subject), nameOf(b.subject)))
    if (!first) return ''
    const more = others.length > 0 ? `; and ${others.length} more` : ''
    return `not read (${nameOf(first.subject)}: ${clip(first.summary, 160).replace(/\.$/, '')}${more})`
  },
}

function judge({ nodes }: CheckInput): Finding[] {
  const inScope = nodes.filter((result) => result.kind !== 'out-of-scope')
  const findings = [...inScope].sort((a, b) => byName(a.node.name, b.node.name)).map(aboutNode)
  if (inScope.some((result) => result.kind === 'read')) return findings
  return [noneRead(inScope.length, nodes.length - inScope.length), ...findings]
}

function aboutNode(result: Exclude<NodeResult, { kind: 'out-of-scope' }>): Finding {
  const subject = subjectOf(result.node)
  if (result.kind === 'read') {
    return { check: nodeReadable.id, status: 'ok', subject, summary: 'read', evidence: {}, decides: true }
  }
  const finding = notKnown(nodeReadable.id, subject, clip(result.why, 600))
  return result.next === undefined ? finding : { ...finding, advice: result.next }
}

/** Stands for the cluster, so that no number of forgiven nodes makes a run healthy that read none. */
function noneRead(inScope: number, outOfScope: number): Finding {
  const besides = outOfScope > 0 ? ` (${plural(outOfScope, 'node')} out of scope)` : ''
  const [summary, advice] =
    inScope === 0
      ? [
          `no Linux node is in scope${besides}`,
          'Check node-selector, node-pools and nodes, and that the cluster has running Linux nodes.',
        ]
      : [
          `none of ${plural(inScope, 'node')} was read${besides}`,
          'Look at the reason that each node gives: what they share is the cause.',
        ]
  return { ...notKnown(nodeReadable.id, { kind: 'cluster' }, summary), advice }
}
