import { isKnown, type Measured, type NodeInfo, type NodeResult, type Reading } from '../node/reading.ts'
import type { CheckId, Finding, Status, Subject, Thresholds } from './finding.ts'
import { byName } from './format.ts'
import { type Window, windowOf } from './rates.ts'
import type { ServiceInfo } from './service.ts'

/** Everything that the checks look at. */
export interface CheckInput {
  nodes: readonly NodeResult[]
  /** The services that take traffic from outside, or why they could not be listed. */
  services: Measured<readonly ServiceInfo[]>
  thresholds: Thresholds
  /**
   * How far apart the two reads were asked to be. 0 or absent: a node without a second read was not asked for
   * one. Above 0: a second read that is missing is unknown.
   */
  sampleSeconds?: number
}

/** One check: what it says about each of its subjects, and how many of these are told in one phrase. */
export interface Check {
  readonly id: CheckId
  /** A finding for every subject, whatever the others say. Never throws, whatever the nodes print. */
  make(input: CheckInput): Finding[]
  /** What the findings of one status share, after `2 of 12 nodes`: `at or above 80 % (worst np1-3 97.1 %)`. */
  phrase(group: readonly Finding[]): string
}

/** A node that answered. */
export interface ReadNode {
  info: NodeInfo
  subject: Subject
  reading: Reading
}

/** The nodes that answered, by name, so that the order in which they did makes no difference. */
export function readNodes(nodes: readonly NodeResult[]): ReadNode[] {
  return nodes
    .filter((result) => result.kind === 'read')
    .map(({ node, reading }) => ({ info: node, subject: subjectOf(node), reading }))
    .sort((a, b) => byName(a.info.name, b.info.name))
}

/** The node as the subject of a finding. */
export function subjectOf(node: NodeInfo): Subject {
  return { kind: 'node', name: node.name, pool: node.pool }
}

/** What people call the subject: a node's or pool's name, `namespace/name`, `cluster`. */
export function nameOf(subject: Subject): string {
  if (subject.kind === 'cluster') return 'cluster'
  return subject.kind === 'service' ? `${subject.namespace}/${subject.name}` : subject.name
}

/** A finding for a check that could not be made. It decides the verdict unless the caller says otherwise. */
export function notKnown(check: CheckId, subject: Subject, why: string, decides = true): Finding {
  return { check, status: 'unknown', subject, summary: why, evidence: {}, decides }
}

/** How a value stands against two thresholds. `threshold` is as in a finding. */
export interface Grade {
  status: Extract<Status, 'ok' | 'warning' | 'critical'>
  threshold: number
}

/** Grades a value that breaches at or above a threshold. */
export function gradeAtOrAbove(value: number, warning: number, critical: number): Grade {
  return grade((threshold) => value >= threshold, warning, critical)
}

/** Grades a value that breaches only above a threshold. */
export function gradeAbove(value: number, warning: number, critical: number): Grade {
  return grade((threshold) => value > threshold, warning, critical)
}

function grade(breaches: (threshold: number) => boolean, warning: number, critical: number): Grade {
  if (breaches(critical)) return { status: 'critical', threshold: critical }
  return { status: breaches(warning) ? 'warning' : 'ok', threshold: warning }
}

/**
 * A finding for every node that was read, made of the window between its two reads. Where only one read was
 * asked for the check is not made; where the window cannot be measured it is unknown.
 */
export function overWindow(
  check: CheckId,
  input: CheckInput,
  judge: (node: ReadNode, window: Window) => Finding,
): Finding[] {
  return readNodes(input.nodes).map((node) => {
    const { first, second } = node.reading
    if (second === undefined) return withoutSecond(check, node.subject, input.sampleSeconds ?? 0)
    const window = windowOf(first, second)
    return isKnown(window) ? judge(node, window.value) : notKnown(check, node.subject, window.unknown)
  })
}

function withoutSecond(check: CheckId, subject: Subject, sampleSeconds: number): Finding {
  if (sampleSeconds > 0) return notKnown(check, subject, 'the second read is missing')
  const summary = 'not made: one read only (sample-seconds is 0), so there is no rate'
  return { check, status: 'not-made', subject, summary, evidence: {}, decides: false }
}

/** The finding with the highest value; of equal ones the first by name. */
export function worstOf(group: readonly Finding[]): Finding | undefined {
  return byWorst(group)[0]
}

/** Highest value first, then by name. */
export function byWorst(group: readonly Finding[]): Finding[] {
  return [...group].sort(
    (a, b) => (b.value ?? -1) - (a.value ?? -1) || byName(nameOf(a.subject), nameOf(b.subject)),
  )
}

/** Rounds for evidence: what is finer than a thousandth is noise of the division. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
