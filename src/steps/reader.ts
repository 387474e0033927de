import type { Finding } from '../health/finding.ts'
import type { ServiceInfo } from '../health/service.ts'
import type { NodesRead } from '../node/read-nodes.ts'
import type { Measured, NodeInfo, NodeResult } from '../node/reading.ts'
import type { MissingName } from '../node/scope.ts'

/** What was read at one moment, and what it means. */
export interface Measurement {
  nodes: NodeResult[]
  services: Measured<ServiceInfo[]>
  findings: Finding[]
  /** Names of the scope that the cluster did not have when it was first looked at: no later look makes up for them. */
  missing: MissingName[]
  /** What could not be named, and why, for the report. */
  notes?: string[]
}

/** Reads a cluster whichever way it is reached. */
export interface Reader {
  /**
   * Reads the nodes of the scope.
   * @param only These nodes instead of the scope, for a second look after a fix.
   * @param seen Nodes of an earlier look: one that is missing now has left the cluster.
   */
  nodes(options: { only?: string[]; seen?: NodeInfo[] }): Promise<NodesRead>
  /** The services that take traffic from outside, or why they could not be listed. */
  services(): Promise<Measured<ServiceInfo[]>>
  /**
   * The results with names for the pods and destinations of some of the nodes, and why there are not all of
   * them. Absent where there is no way to ask.
   */
  named?(results: NodeResult[], nodes: string[]): Promise<{ results: NodeResult[]; unknown?: string }>
}
