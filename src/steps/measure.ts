import { evaluate } from '../health/evaluate.ts'
import type { Finding } from '../health/finding.ts'
import type { ServiceInfo } from '../health/service.ts'
import type { Inputs } from '../inputs.ts'
import type { Logger } from '../log.ts'
import type { NodesRead } from '../node/read-nodes.ts'
import type { Measured, NodeResult } from '../node/reading.ts'
import { both } from '../settled.ts'
import { withNames } from './naming.ts'
import type { Measurement, Reader } from './reader.ts'

/** Reads the nodes and the services at once and judges each. */
export async function measure(reader: Reader, inputs: Inputs, log: Logger): Promise<Measurement> {
  return log.group('Reading the nodes', async () => {
    const [read, services] = await both(reader.nodes({}), reader.services())
    if (read.nothing !== undefined) log.info(read.nothing)
    else for (const { text } of read.missing) log.info(text)
    const judgeAgain = (results: NodeResult[]) => findingsOf({ ...read, results }, services, inputs)
    const { results: nodes, missing } = read
    const measured = { nodes, services, findings: judgeAgain(nodes), missing }
    return withNames(measured, reader, judgeAgain, log)
  })
}

/** All findings of a look at the nodes; what was asked for and is not there is unknown, not healthy. */
export function findingsOf(
  read: Pick<NodesRead, 'results'> & Partial<NodesRead>,
  services: Measured<ServiceInfo[]>,
  inputs: Inputs,
): Finding[] {
  const { thresholds, probe } = inputs
  const findings = evaluate({
    nodes: read.results,
    services,
    thresholds,
    sampleSeconds: probe.sampleSeconds,
  })
  const { nothing } = read
  if (nothing !== undefined) return findings.map((finding) => withReason(finding, nothing))
  const pools = (read.missing ?? []).filter(({ kind }) => kind === 'pool')
  return [...findings, ...pools.map(({ name, text }) => missingPool(name, text))]
}

/** What stands for the cluster says why it has no node to look at. */
function withReason(finding: Finding, nothing: string): Finding {
  const about = finding.check === 'node-readable' && finding.subject.kind === 'cluster'
  return about ? { ...finding, summary: nothing } : finding
}

function missingPool(name: string, text: string): Finding {
  return {
    check: 'node-readable',
    status: 'unknown',
    subject: { kind: 'pool', name },
    summary: text,
    evidence: {},
    decides: true,
    advice: 'Correct the input "node-pools".',
  }
}
