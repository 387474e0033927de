import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { evaluate } from '../../src/health/evaluate.ts'
import { isKnown, type Measured, type NodeResult, type PodSockets } from '../../src/node/reading.ts'
import { reportJson } from '../../src/report/json.ts'
import type { Report } from '../../src/report/report.ts'
import { summary } from '../../src/report/summary/summary.ts'
import { textSummary } from '../../src/report/text/text.ts'
import { holders } from '../../src/report/view/holder-rows.ts'
import { read } from '../support/readings.ts'
import { SAMPLES } from './sample-reports.ts'

const uid = '12345678-89ab-4def-8123-456789abcdef'
const to = {
  remoteAddress: '10.0.3.4',
  remotePort: 5432,
  ports: 2000,
  portsInDefaultRange: 2000,
  timeWait: 1000,
}

function pod(name: string, over: Partial<PodSockets> = {}): PodSockets {
  return {
    uid,
    tcpInUse: 1034,
    timeWait: 8000,
    destination: { value: { ...to, remote: { kind: 'pod', namespace: 'data', name: 'pg-0' } } },
    pod: { namespace: 'shop', name, owner: { kind: 'Deployment', name: 'web' } },
    ...over,
  }
}

function node(name: string, busiestPods: Measured<PodSockets[]>, left = 0): NodeResult {
  const result = read(name)
  if (result.kind !== 'read') return result
  const podNamespaces = isKnown(busiestPods) ? { value: 12 } : busiestPods
  return {
    ...result,
    reading: { ...result.reading, busiestPods, podNamespaces, podNamespacesLeft: { value: left } },
  }
}

function reportOn(...nodes: NodeResult[]): Report {
  const report = SAMPLES.healthy()
  const { thresholds } = report
  return { ...report, nodes, findings: evaluate({ nodes, services: { value: [] }, thresholds }) }
}

const section = (of: string) => /Who holds the connections\n[\s\S]*?(?=\n\n?<details>|$)/.exec(of)?.[0] ?? ''
const textOf = (report: Report) => textSummary(report, { width: 120 }).join('\n')

describe('who holds the connections', () => {
  test('is told of the worst nodes, three pods of each, with what they are and where most goes', () => {
    const three = ['a', 'b', 'c', 'd'].map((name) => pod(name))
    const rows = holders(
      reportOn(...Array.from({ length: 7 }, (_, n) => node(`np1-${n}`, { value: three }))),
    )?.rows
    expect(rows).toHaveLength(15)
    expect(rows?.[0]).toEqual({
      node: 'np1-0',
      pod: 'shop/a',
      isNamed: true,
      owner: 'Deployment web',
      sockets: 9034,
      timeWait: 8000,
      most: 'to 10.0.3.4:5432 (pod data/pg-0)',
      ports: '7.1 % ?',
    })
  })

  test('stands in the summary and in the text', () => {
    const report = reportOn(node('np1-0', { value: [pod('web-5d8f')] }))
    expect(section(summary(report))).toContain(
      '| <code>np1-0</code> | <code>shop/web-5d8f</code><br>Deployment web | 9,034 | 8,000 | to 10.0.3.4:5432 (pod data/pg-0) | 7.1&nbsp;%&nbsp;? |',
    )
    expect(textOf(report)).toContain(
      `Who holds the connections
  np1-0
    shop/web-5d8f (Deployment web): 9,034 sockets, 8,000 in TIME-WAIT, most to 10.0.3.4:5432 (pod data/pg-0), 7.1 % ? of
      the ports there
`,
    )
  })

  test('says of a range that the pod sets itself no question mark', () => {
    const [row] =
      holders(reportOn(node('a', { value: [pod('x', { portRange: { first: 1, last: 4000 } })] })))?.rows ?? []
    expect(row?.ports).toBe('50.0 %')
  })

  test('is not there where nobody looked', () => {
    const report = SAMPLES.critical()
    expect(summary(report) + textOf(report)).not.toContain('Who holds the connections')
  })

  test('says where pods are not known, where namespaces were left out, and where there is nothing', () => {
    const why = 'the node hides them'
    const hidden = ['a', 'b'].map((name) => node(name, { unknown: why }))
    expect(holders(reportOn(...hidden))?.remarks).toEqual([`Pods are not known on a, b: ${why}.`])
    expect(holders(reportOn(node('a', { value: [pod('x')] }, 3)))?.remarks).toEqual([
      'More network namespaces than are read stay unread on a; the busiest may be among them.',
    ])
    expect(holders(reportOn(node('a', { value: [] })))?.remarks).toEqual([
      'No pod with a network of its own holds a TCP socket.',
    ])
    expect(textOf(reportOn(...hidden))).toContain(`Pods are not known on a, b: ${why}.`)
  })

  test('lets no name of the cluster be markup, a table, a mention or a line of its own', () => {
    const evil = '</code>|<img src=x>\n\n# [x](javascript:1) @all `:tada:`\u202e'
    const hostile = pod(evil, {
      pod: { namespace: evil, name: evil, owner: { kind: evil, name: evil } },
      destination: { value: { ...to, remote: { kind: 'service', namespace: evil, name: evil } } },
    })
    const report = reportOn(node('np1-0', { value: [hostile, pod('x', { destination: { unknown: evil } })] }))
    const said = section(summary(report))
    expect(said).not.toMatch(/<img|\]\(javascript|@all|\n#+ \[|\u202e|:tada:/)
    const rows = said.split('\n').filter((line) => line.startsWith('|'))
    expect(rows.map((row) => row.split(' | ').length)).toEqual([6, 6, 6, 6])
    expect(textOf(report)).not.toMatch(/\u202e|\n# \[/)
  })

  test('is in the JSON report as the schema has it', () => {
    const schema: object = JSON.parse(
      readFileSync(new URL('../../schema/report.schema.json', import.meta.url), 'utf8'),
    )
    const valid = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(schema)
    const { pod: _none, uid: _any, ...bare } = pod('x', { destination: { value: null } })
    const all = [
      pod('a', { portRange: { first: 1, last: 2 }, busiestOwnPort: { port: 80, sockets: 3 } }),
      pod('b', { destination: { unknown: 'too many' } }),
      pod('c', { destination: { value: { ...to, remote: { kind: 'azure', name: 'Azure DNS' } } } }),
      bare,
    ]
    const report = reportOn(node('a', { value: all }), node('b', { unknown: 'hidden' }))
    expect(valid(JSON.parse(reportJson(report)))).toBe(true)
  })
})
