import type { Check, CheckInput } from '../../src/health/check.ts'
import type { Finding, Thresholds } from '../../src/health/finding.ts'
import { DEFAULT_THRESHOLDS } from '../../src/health/thresholds.ts'
import type { NodeInfo, NodeResult } from '../../src/node/reading.ts'
import { type ReadingOverrides, read } from '../support/readings.ts'

/** An input of the checks: the nodes, no services, the default thresholds. */
export function input(
  nodes: NodeResult[],
  thresholds: Partial<Thresholds> = {},
  rest: Partial<Omit<CheckInput, 'nodes' | 'thresholds'>> = {},
): CheckInput {
  return { nodes, services: { value: [] }, thresholds: { ...DEFAULT_THRESHOLDS, ...thresholds }, ...rest }
}

/** The only finding of a check on one node that was read. */
export function onNode(
  check: Check,
  overrides: ReadingOverrides,
  thresholds: Partial<Thresholds> = {},
  info: Partial<NodeInfo> = {},
): Finding {
  return only(check.make(input([read('aks-np1-0', overrides, info)], thresholds)))
}

/** The one finding of a list that must have one. */
export function only(findings: Finding[]): Finding {
  const [finding, ...others] = findings
  if (!finding || others.length > 0) throw new Error(`expected one finding, got ${findings.length}`)
  return finding
}
