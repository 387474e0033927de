import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { load } from 'js-yaml'

export type Fields = Record<string, unknown>

/** What the program says and ends with, as it stands. */
export class Failure extends Error {}

interface Access {
  server: URL
  ca: Buffer
  headers: Record<string, string>
  key?: Buffer
  cert?: Buffer
}

function access(): Access {
  const config = load(readFileSync(process.env.KUBECONFIG ?? '', 'utf8')) as Fields
  const pick = (list: unknown, name: unknown) =>
    (list as { name: unknown }[]).find((each) => each.name === name) as Fields
  const { context } = pick(config.contexts, config['current-context']) as { context: Fields }
  const { cluster } = pick(config.clusters, context.cluster) as { cluster: Record<string, string> }
  const { user } = pick(config.users, context.user) as { user: Record<string, string> }
  const decoded = (text: string | undefined) => Buffer.from(text ?? '', 'base64')
  return {
    server: new URL(cluster.server ?? ''),
    ca: decoded(cluster['certificate-authority-data']),
    headers: user.token === undefined ? {} : { authorization: `Bearer ${user.token}` },
    ...(user['client-key-data'] === undefined
      ? {}
      : { key: decoded(user['client-key-data']), cert: decoded(user['client-certificate-data']) }),
  }
}

/** One request to the API server of $KUBECONFIG. @throws Failure in the words of kubectl. */
export async function call(method: string, path: string, body?: unknown): Promise<Fields> {
  const { server, headers, ...tls } = access()
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const { status, answer } = await new Promise<{ status: number; answer: string }>((resolve, reject) => {
    const sent = request(
      new URL(path, server),
      {
        method,
        ...tls,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': 'kubectl/v1.34.1 (linux/amd64)',
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, answer: Buffer.concat(chunks).toString('utf8') }),
        )
        response.on('error', reject)
      },
    )
    sent.on('error', (error) => reject(new Failure(`Unable to connect to the server: ${error.message}`)))
    sent.end(text)
  })
  const parsed = answer === '' ? {} : (JSON.parse(answer) as Fields)
  if (status < 300) return parsed
  if (status === 401) throw new Failure('error: You must be logged in to the server (Unauthorized)')
  throw new Failure(`Error from server (${String(parsed.reason)}): ${String(parsed.message)}`)
}
