import { describe, expect, test } from '@jest/globals'
import { inputVariables, readActionFile } from '../scripts/run-action.ts'
import { UserError } from '../src/errors.ts'
import { type Inputs, readInputs } from '../src/inputs.ts'

const read = (inputs: Record<string, string> = {}, env: Record<string, string> = {}): Inputs =>
  readInputs((name) => inputs[name] ?? '', env)

function refusal(inputs: Record<string, string>): string {
  try {
    read(inputs)
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
  return 'nothing was refused'
}

/** Inputs as the runner gives them when a workflow sets none: action.yml's defaults. */
function defaultsOfActionFile(): Record<string, string> {
  const inputs = readActionFile().inputs
  return Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [
      name,
      (input.default ?? '').replace(/^\$\{\{.*\}\}$/, ''),
    ]),
  )
}

const aks = {
  'cluster-name': 'prod',
  'resource-group': 'rg',
  'subscription-id': '11111111-2222-3333-4444-555555555555',
}

describe('inputs and action.yml', () => {
  test('every declared input is read, and no other', () => {
    const asked = new Set<string>()
    readInputs((name) => {
      asked.add(name)
      return ''
    })
    expect([...asked].sort()).toEqual(Object.keys(readActionFile().inputs).sort())
  })

  test('the defaults in action.yml are those that the code uses for an empty input', () => {
    expect(read(defaultsOfActionFile())).toEqual(read())
  })

  test('every input has a description that ends like a sentence', () => {
    for (const [name, input] of Object.entries(readActionFile().inputs)) {
      expect([name, input.description.trim()]).toEqual([name, expect.stringMatching(/^.{20,}\.$/s)])
    }
  })

  test('the runner turns a name into INPUT_ with upper case letters and hyphens', () => {
    expect(inputVariables({ 'fail-on': 'never' })).toMatchObject({
      'INPUT_FAIL-ON': 'never',
      INPUT_NAMESPACE: 'kube-system',
    })
  })
})

describe('reading inputs', () => {
  test('thresholds are those of the guide when nothing is set', () => {
    expect(read().thresholds).toEqual({
      conntrackWarningPercent: 70,
      conntrackCriticalPercent: 80,
      timeWaitWarning: 100,
      timeWaitCritical: 500,
      bucketsWarningRatio: 4,
      bucketsCriticalRatio: 8,
      portWarningPercent: 70,
      portCriticalPercent: 80,
      twReuseAllowed: [1, 2],
      dropsCriticalPerSecond: 1,
    })
  })

  test('zero is a threshold, not a missing one', () => {
    const { thresholds } = read({
      'time-wait-warning': '0',
      'conntrack-warning-percent': '0',
      'drops-critical-per-second': '0',
    })
    expect(thresholds).toMatchObject({
      timeWaitWarning: 0,
      conntrackWarningPercent: 0,
      dropsCriticalPerSecond: 0,
    })
  })

  test('lists are separated by commas or newlines, trimmed, without repeats', () => {
    expect(read({ nodes: ' a, b\n\nb,\n c ' }).scope.nodes).toEqual(['a', 'b', 'c'])
  })

  test('remedies run in the order of the guide whatever the order of the list', () => {
    const { remedies } = read({ fix: 'daemonset, sysctl,service-policy', services: 'a/b' }).fix
    expect(remedies).toEqual(['service-policy', 'sysctl', 'daemonset'])
  })

  test('the subscription comes from AZURE_SUBSCRIPTION_ID when the input is empty', () => {
    const { cluster } = read(
      { ...aks, 'subscription-id': '' },
      { AZURE_SUBSCRIPTION_ID: aks['subscription-id'] },
    )
    expect(cluster.aks).toEqual({ name: 'prod', resourceGroup: 'rg', subscriptionId: aks['subscription-id'] })
  })

  test('pods are looked into only when that is asked for', () => {
    const podDetail = (inputs: Record<string, string>) => read({ ...aks, ...inputs }).probe.podDetail
    expect([
      podDetail({}),
      podDetail({ 'pod-detail': 'false' }),
      podDetail({ 'pod-detail': 'true' }),
    ]).toEqual([false, false, true])
  })

  test('a fix gets more time than a check, and a node pool the most', () => {
    const seconds = (inputs: Record<string, string>) => read({ ...aks, ...inputs }).probe.timeoutSeconds
    expect([seconds({}), seconds({ fix: 'sysctl' }), seconds({ fix: 'node-pool' })]).toEqual([
      600, 3600, 21_000,
    ])
  })
})

describe('bad inputs', () => {
  test('all of them are told in one message, each with name, value and what is allowed', () => {
    expect(
      refusal({
        'fail-on': 'eror',
        'time-wait-warning': '1e3',
        'conntrack-warning-percent': '101',
        admin: 'yes',
        nodes: 'Bad_Name',
      }),
    ).toMatchInlineSnapshot(`
"5 inputs are wrong:
  admin: "yes" is not allowed; it must be true or false
  nodes: "Bad_Name" is not allowed; it must be a node name of lower-case letters, digits, - and .
  conntrack-warning-percent: "101" is not allowed; it must be a number from 0 to 100
  time-wait-warning: "1e3" is not allowed; it must be a whole number from 0 to 10000000
  fail-on: "eror" is not allowed; it must be one of critical, warning, never"
`)
  })

  test.each([
    ['conntrack-warning-percent', '70 %'],
    ['conntrack-warning-percent', '-1'],
    ['conntrack-warning-percent', 'NaN'],
    ['conntrack-warning-percent', '0x10'],
    ['time-wait-critical', '3.5'],
    ['time-wait-critical', 'Infinity'],
    ['sample-seconds', '61'],
    ['concurrency', '0'],
    ['dry-run', 'on'],
    ['pod-detail', 'yes'],
    ['fix', 'sysctl,reboot'],
    ['namespace', 'Kube_System'],
    ['services', 'no-namespace'],
    ['node-pools', 'a b'],
    ['subscription-id', 'my subscription'],
    ['expected-cluster-id', '/subscriptions/x'],
    ['tw-reuse-allowed', '1,3'],
    ['image', 'busybox; rm -rf /'],
  ])('%s: %j is refused by name', (name, value) => {
    expect(refusal({ ...aks, [name]: value })).toContain(`${name}: `)
  })

  test('a warning above its critical threshold is refused', () => {
    expect(refusal({ 'conntrack-warning-percent': '90' })).toContain(
      'conntrack-warning-percent is 90, above conntrack-critical-percent, which is 80',
    )
  })

  test.each([
    [{ fix: 'restore' }, 'restore-from: it is needed'],
    [{ fix: 'restore,sysctl', 'restore-from': 'x' }, 'fix: restore stands alone'],
    [{ fix: 'service-policy' }, 'services: it is needed'],
    [{ fix: 'service-policy', services: '*' }, 'services: "*" is only allowed with force-services'],
    [{ fix: 'node-pool' }, 'cluster-name: it is needed with fix: node-pool'],
    [{ 'resource-group': 'rg' }, 'resource-group: it is given without cluster-name'],
    [{ 'cluster-name': 'prod' }, 'subscription-id: it is needed with cluster-name'],
    [{ ...aks, kubeconfig: '/tmp/config' }, 'give either kubeconfig or cluster-name'],
    [{ 'client-id': '11111111-2222-3333-4444-555555555555' }, 'client-id, tenant-id: give both or neither'],
    [
      { 'sample-seconds': '30', 'node-timeout-seconds': '30' },
      'sample-seconds: it must be less than node-timeout',
    ],
    [
      { 'report-path': 'out/r', 'sarif-path': './out/r' },
      'sarif-path: it names the same file as report-path',
    ],
    [{ 'junit-path': '/r', 'sarif-path': '/r' }, 'sarif-path: it names the same file as junit-path'],
    [
      { fix: 'restore', 'restore-from': 'out/r', 'report-path': './out/r' },
      'report-path: it names the same file as restore-from',
    ],
  ])('inputs that contradict each other are refused: %j', (inputs, message) => {
    expect(refusal(inputs)).toContain(message)
  })

  test('a long value is cut in the message and stays on one line', () => {
    const message = refusal({ 'fail-on': `a\nb${'c'.repeat(500)}` })
    expect(message.split('\n')).toHaveLength(2)
    expect(message.length).toBeLessThan(250)
  })
})
