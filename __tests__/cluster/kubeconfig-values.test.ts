import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseExec } from '../../src/cluster/exec-plugin.ts'
import { readKubeconfig } from '../../src/cluster/kubeconfig.ts'
import { UserError } from '../../src/errors.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const user = (section: Json): Json => ({
  'current-context': 'c',
  contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
  clusters: [
    {
      name: 'k',
      cluster: {
        server: 'https://k.example',
        'proxy-url': 'http://p:1',
        'tls-server-name': 'n',
        extensions: [],
      },
    },
  ],
  users: [{ name: 'u', user: section }],
})
const kubeconfigs: Json[] = [
  user({ token: 't' }),
  user({ tokenFile: 'f', as: 'x', 'as-uid': '1', 'as-groups': ['g'] }),
  user({ 'client-certificate': '/none', 'client-key': '/none', 'client-key-data': 'x' }),
  user({ 'auth-provider': { name: 'oidc', config: { a: 'b' } } }),
  user({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'c',
      args: ['a'],
      env: [{ name: 'A', value: 'b' }],
      installHint: 'x',
      interactiveMode: 'Never',
    },
  }),
]

/** The ways to each value in it. */
function ways(value: Json): string[][] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, inner]) => ways(inner).map((way) => [key, ...way]))]
}

function withValue(value: Json, [key, ...rest]: string[], put: Json): Json {
  if (key === undefined) return put
  const copy = structuredClone(value) as Record<string, Json>
  copy[key] = withValue(copy[key] ?? null, rest, put)
  return copy
}

/** What becomes of it: `access`, or the error. */
async function outcome(kubeconfig: Json): Promise<unknown> {
  try {
    const text = `${JSON.stringify(kubeconfig, undefined, 1)}\n`
    const access = await readKubeconfig({ kubeconfig: text, context: '' }, {}, () => {})
    if (access.user.exec !== undefined) parseExec(access.user.exec)
    return 'access'
  } catch (error) {
    return error instanceof UserError ? 'refused' : error
  }
}

test('whatever stands in place of a value of a kubeconfig, there is access or an error for the user', async () => {
  const odd = fc.oneof(
    fc.constantFrom<Json>(
      null,
      0,
      5,
      '',
      'x',
      '\n',
      true,
      [],
      [null],
      [5],
      {},
      { name: 5 },
      { toString: null },
    ),
    fc.jsonValue({ maxDepth: 2 }).map((value) => value as Json),
  )
  const changed = fc
    .constantFrom(...kubeconfigs)
    .chain((whole) =>
      fc.tuple(fc.constantFrom(...ways(whole)), odd).map(([way, put]) => withValue(whole, way, put)),
    )
  await fc.assert(
    fc.asyncProperty(changed, async (kubeconfig) => {
      expect(['access', 'refused']).toContain(await outcome(kubeconfig))
    }),
    { numRuns: 3000 },
  )
})
