/**
 * What the action is measured against: a bare HTTP client that makes the same creates at the same
 * concurrency, one watch until every pod has terminated, and the one delete. No parsing of readings, no
 * judging, no report. Plain JavaScript types only, so that it starts as fast as node does.
 */
import { readFileSync } from 'node:fs'
import https from 'node:https'

const {
  BARE_SERVER = '',
  BARE_TOKEN = '',
  BARE_CA = '',
  BARE_PODS = '',
  BARE_NAMESPACE = 'kube-system',
} = process.env
const pods = JSON.parse(readFileSync(BARE_PODS, 'utf8')) as string[]
const concurrency = Number(process.env.BARE_CONCURRENCY ?? 50)
const agent = new https.Agent({ keepAlive: true, maxSockets: concurrency + 1, ca: readFileSync(BARE_CA) })
const path = `/api/v1/namespaces/${BARE_NAMESPACE}/pods`
const selector = 'labelSelector=bench%3Dbare'

function open(method: string, target: string): https.RequestOptions {
  const { hostname, port } = new URL(BARE_SERVER)
  return {
    method,
    hostname,
    port,
    path: target,
    agent,
    headers: { authorization: `Bearer ${BARE_TOKEN}`, 'content-type': 'application/json' },
  }
}

function call(method: string, target: string, body?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = https.request(open(method, target), (response) => {
      response.resume()
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve()
        else reject(new Error(`${method} ${target}: ${String(response.statusCode)}`))
      })
    })
    request.once('error', reject)
    request.end(body)
  })
}

/** Resolves when every pod has terminated. */
function watchAll(): { started: Promise<void>; done: Promise<void> } {
  const terminated = new Set<string>()
  let begin = () => {}
  const started = new Promise<void>((resolve) => {
    begin = resolve
  })
  const done = new Promise<void>((resolve, reject) => {
    const request = https.request(open('GET', `${path}?watch=true&${selector}`), (response) => {
      begin()
      let rest = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          const { object } = JSON.parse(line) as {
            object: {
              metadata: { name: string }
              status?: { containerStatuses?: { state?: { terminated?: unknown } }[] }
            }
          }
          if (object.status?.containerStatuses?.[0]?.state?.terminated) terminated.add(object.metadata.name)
        }
        if (terminated.size === pods.length) {
          request.destroy()
          resolve()
        }
      })
    })
    request.once('error', reject)
    request.end()
  })
  return { started, done }
}

const { started, done } = watchAll()
done.catch(() => {})
await started
let next = 0
await Promise.all(
  Array.from({ length: Math.min(concurrency, pods.length) }, async () => {
    while (next < pods.length) await call('POST', path, pods[next++])
  }),
)
await done
await call('DELETE', `${path}?${selector}`)
agent.destroy()
