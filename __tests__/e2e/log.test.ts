import { expect, test } from '@jest/globals'
import { answeringNodes } from './runs.ts'
import { check, cluster, podsLeft } from './support.ts'

test('a log in colour has its colours and nothing else of a terminal', async () => {
  await using aks = await cluster({ nodes: await answeringNodes('a') })
  const { log } = await check(aks, {}, { env: { FORCE_COLOR: '1' } })
  expect(log).toContain('\u001B[1m\u001B[32mHealthy: ')
  expect(log).not.toContain('\uFFFD')
})

test('a log that nobody takes any more does not end a run before it has cleaned up and told', async () => {
  const [node = { name: 'a' }] = await answeringNodes('a')
  await using aks = await cluster({ nodes: [{ ...node, fault: { delayMs: 1000 } }] })
  let closeLog = (): void => {}
  aks.events.on('pod-created', () => {
    closeLog()
    // What is said of it meets a closed pipe while the pod is still there.
    aks.closeWatches()
  })
  const run = await check(
    aks,
    {},
    { post: false, onStart: ({ stdout }) => (closeLog = () => stdout?.destroy()) },
  )
  expect(podsLeft(aks)).toEqual([])
  expect([run.status, run.outputs.verdict, run.state.clean]).toEqual([0, 'healthy', 'true'])
})
