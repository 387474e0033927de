import type { Finding } from '../health/finding.ts'
import { nodesToName } from '../health/holders.ts'
import type { Logger } from '../log.ts'
import type { NodeResult } from '../node/reading.ts'
import type { Measurement, Reader } from './reader.ts'

/**
 * Names the pods and destinations of the nodes about which people will ask, and judges again, so that the
 * findings name them. Where no name is to be had the measurement stays as it is, with a note that says why.
 */
export async function withNames(
  measured: Measurement,
  reader: Reader,
  judgeAgain: (nodes: NodeResult[]) => Finding[],
  log: Logger,
): Promise<Measurement> {
  const nodes = nodesToName(measured.nodes, measured.findings)
  if (nodes.length === 0) return measured
  const { results, unknown } = (await reader.named?.(measured.nodes, nodes)) ?? {
    results: measured.nodes,
    unknown: 'the cluster is reached by run command',
  }
  if (unknown === undefined) return { ...measured, nodes: results, findings: judgeAgain(results) }
  const looked = results.some((result) => result.kind === 'read' && result.reading.busiestPods !== undefined)
  const told = looked ? 'Some pods are told by UID and some destinations' : 'Some destinations are told'
  const note = `${told} by address, as their names could not be read: ${unknown}.`
  log.info(note)
  return { ...measured, nodes: results, findings: judgeAgain(results), notes: [note] }
}
