import type { ClusterFacts } from '../cluster/facts.ts'
import { docsAddress } from '../docs-links.ts'
import { causesOf, messageOf, UserError } from '../errors.ts'
import type { Judgement } from '../health/finding.ts'
import { judge } from '../health/verdict.ts'
import type { Inputs } from '../inputs.ts'
import type { FixRecord } from '../remedy/remedy.ts'
import { notesOn } from '../report/notes.ts'
import type { Report } from '../report/report.ts'
import type { Run } from '../run.ts'
import { VERSION } from '../version.ts'
import type { Measurement } from './reader.ts'

/** What a run knows so far. A report can be made of it at any moment, also when the run ends early. */
export interface Story {
  inputs: Inputs
  run: Pick<Run, 'id' | 'startedAt' | 'url'>
  cluster?: ClusterFacts
  /** The last look. */
  last?: Measurement
  /** The look before anything was changed. */
  before?: Measurement
  fix?: FixRecord
  /** Why the run ended early. */
  failure?: unknown
}

/** The report on all that is known by now. */
export function reportOf(story: Story): Report {
  const { inputs, run, last, before, fix, failure } = story
  const { nodeSelector, ...scope } = inputs.scope
  const cluster = story.cluster ?? unreached(inputs)
  return {
    schemaVersion: 1,
    tool: { name: 'aks-connection-health', version: VERSION },
    run: {
      id: run.id,
      startedAt: run.startedAt.toISOString(),
      finishedAt: new Date().toISOString(),
      ...(run.url !== undefined && { url: run.url }),
    },
    cluster,
    scope: { ...scope, ...(nodeSelector !== '' && { nodeSelector }) },
    thresholds: inputs.thresholds,
    policy: inputs.policy,
    sampleSeconds: inputs.probe.sampleSeconds,
    judgement: judgementOf(story),
    nodes: last?.nodes ?? [],
    findings: last?.findings ?? [],
    ...(before !== undefined && {
      before: {
        judgement: judge(before.findings, inputs.policy),
        nodes: before.nodes,
        findings: before.findings,
      },
    }),
    ...(fix !== undefined && { fix }),
    notes: [...notesOn(cluster), ...(last?.notes ?? [])],
    ...(failure !== undefined && { failure: failureOf(failure) }),
  }
}

/**
 * The verdict is that of the last reading. A run that ended early is at best unknown, and fails whatever
 * `fail-on` says: that is about what was found, and a run that could not look must not pass for one that did.
 * A fix that was asked for and not achieved fails the run whatever the nodes look like.
 */
function judgementOf({ inputs, last, fix, failure }: Story): Judgement {
  const { policy } = inputs
  const judgement = judge(last?.findings ?? [], policy)
  const mayFail = policy.failOn !== 'never'
  const unachieved = fix?.unachieved ?? []
  if (failure === undefined && unachieved.length === 0) return judgement
  const { verdict, reasons } = judgement
  if (failure === undefined) return { verdict, fails: mayFail, reasons: [...unachieved, ...reasons] }
  return {
    verdict: verdict === 'critical' ? 'critical' : 'unknown',
    fails: true,
    reasons: [messageOf(failure), ...unachieved, ...(last === undefined ? [] : reasons)],
  }
}

function failureOf(error: unknown): NonNullable<Report['failure']> {
  const [message = '', ...causes] = causesOf(error)
  const next =
    error instanceof UserError
      ? error.next
      : 'This looks like a fault of the action itself. Please report it with the log of a run with debug logging.'
  const docs = error instanceof UserError ? error.docs : undefined
  return { message, next, causes, ...(docs && { docs: docsAddress(docs, process.env) }) }
}

function unreached({ cluster }: Inputs): ClusterFacts {
  return { server: '', name: cluster.aks?.name ?? cluster.context }
}
