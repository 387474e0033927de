import type { ClusterFacts } from '../cluster/facts.ts'
import type { Finding, Judgement, Policy, Thresholds } from '../health/finding.ts'
import type { NodeResult } from '../node/reading.ts'
import type { FixRecord } from '../remedy/remedy.ts'

/** Everything a run has to tell. It is written as JSON (report.schema.json), and all else is made from it. */
export interface Report {
  schemaVersion: 1
  tool: { name: 'aks-connection-health'; version: string }
  run: {
    id: string
    /** ISO 8601, UTC. */
    startedAt: string
    finishedAt: string
    /** Address of the workflow run, where there is one. */
    url?: string
  }
  cluster: ClusterFacts
  scope: { nodeSelector?: string; nodePools: string[]; nodes: string[] }
  /** The effective thresholds and policy, as a misspelt input falls back to its default without a word. */
  thresholds: Thresholds
  policy: Policy
  /** Seconds between the two reads of a node; 0: one read only. */
  sampleSeconds: number
  judgement: Judgement
  /** The last reading. */
  nodes: NodeResult[]
  findings: Finding[]
  /** What a run with `fix` found before it changed anything; absent without a fix. */
  before?: { judgement: Judgement; nodes: NodeResult[]; findings: Finding[] }
  /** What the remedies planned and did; absent without a fix. */
  fix?: FixRecord
  /** Remarks that concern the whole cluster, e.g. which limit binds with Cilium. */
  notes: string[]
  /** Why there is no verdict on nodes at all (no cluster reached, …); absent otherwise. */
  failure?: {
    message: string
    next: string
    causes: string[]
    /** Where the documentation tells more: an address, or a path in the repository of the action. */
    docs?: string
  }
}
