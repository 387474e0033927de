/**
 * As much of kubectl as a script in a run command needs: get, create, delete, version. A program of its own,
 * so that a command that AKS runs finds it on any machine. Reads the kubeconfig named by $KUBECONFIG.
 */
import { existsSync, readFileSync } from 'node:fs'
import { loadAll } from 'js-yaml'
import { jsonpath } from './jsonpath.ts'
import { call, Failure, type Fields } from './kubectl-server.ts'

interface Invocation {
  words: string[]
  /** Values of the options, by their long names. */
  options: Map<string, string>
}

interface Kind {
  path: string
  plural: string
  namespaced: boolean
}

const LONG: Record<string, string> = {
  n: 'namespace',
  l: 'selector',
  o: 'output',
  f: 'filename',
  A: 'all-namespaces',
}
const FLAGS = new Set([
  'all-namespaces',
  'ignore-not-found',
  'wait',
  'now',
  'no-headers',
  'force',
  'watch',
  'validate',
  'all',
])

const KINDS: [kind: string, plural: string, short: string, path: string, namespaced: boolean][] = [
  ['Pod', 'pods', 'po', '/api/v1', true],
  ['Service', 'services', 'svc', '/api/v1', true],
  ['ConfigMap', 'configmaps', 'cm', '/api/v1', true],
  ['Event', 'events', 'ev', '/api/v1', true],
  ['Node', 'nodes', 'no', '/api/v1', false],
  ['Namespace', 'namespaces', 'ns', '/api/v1', false],
  ['DaemonSet', 'daemonsets', 'ds', '/apis/apps/v1', true],
  ['Deployment', 'deployments', 'deploy', '/apis/apps/v1', true],
  ['EndpointSlice', 'endpointslices', 'endpointslices.discovery.k8s.io', '/apis/discovery.k8s.io/v1', true],
]

function parse(args: string[]): Invocation {
  const words: string[] = []
  const options = new Map<string, string>()
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (!word.startsWith('-') || word === '-') {
      words.push(word)
      continue
    }
    const [, name = '', inline] = /^--?([A-Za-z][\w-]*?)(?:=(.*))?$/s.exec(word) ?? []
    // Short options may have their value attached: -ojson.
    const attached = /^-([nlof])(?!=)(.+)$/s.exec(word)
    const key = attached === null ? (LONG[name] ?? name) : (LONG[attached[1] ?? ''] ?? '')
    if (attached !== null && !word.startsWith('--')) options.set(key, attached[2] ?? '')
    else if (inline !== undefined) options.set(key, inline)
    else if (FLAGS.has(key)) options.set(key, 'true')
    else options.set(key, args[++at] ?? '')
  }
  return { words, options }
}

function kindOf(word: string): Kind {
  const name = word.toLowerCase()
  const found = KINDS.find(([kind, plural, short]) => [kind.toLowerCase(), plural, short].includes(name))
  if (found === undefined) throw new Failure(`error: the server doesn't have a resource type "${word}"`)
  const [, plural, , path, namespaced] = found
  return { plural, path, namespaced }
}

function collection(
  kind: Kind,
  options: Invocation['options'],
  namespace = options.get('namespace') ?? 'default',
): string {
  const everywhere = !kind.namespaced || options.get('all-namespaces') === 'true'
  return `${kind.path}${everywhere ? '' : `/namespaces/${namespace}`}/${kind.plural}`
}

function selectors(options: Invocation['options']): string {
  const query = new URLSearchParams()
  const [labels, fields] = [options.get('selector'), options.get('field-selector')]
  if (labels !== undefined) query.set('labelSelector', labels)
  if (fields !== undefined) query.set('fieldSelector', fields)
  return query.size === 0 ? '' : `?${query.toString()}`
}

/** Kind and names out of `pods a b` or `pod/a`. */
function targets([first = '', ...rest]: string[]): { kind: Kind; names: string[] } {
  const [type = '', name] = first.split('/')
  return { kind: kindOf(type), names: name === undefined ? rest : [name] }
}

function metadata(object: Fields): { name: string; namespace?: string } {
  return object.metadata as { name: string; namespace?: string }
}

function show(object: Fields, kind: Kind, output: string): string {
  const items = (object.items as Fields[] | undefined) ?? [object]
  const [format = '', template = ''] = output.split(/=(.*)/s)
  if (format === 'json') return `${JSON.stringify(object, null, 4)}\n`
  if (format === 'jsonpath') return jsonpath(template, object)
  const suffix = kind.path === '/api/v1' ? '' : `.${kind.path.split('/')[2] ?? ''}`
  const singular = `${kind.plural.replace(/s$/, '')}${suffix}`
  if (format === 'name') return items.map((each) => `${singular}/${metadata(each).name}\n`).join('')
  if (format === '')
    return ['NAME', ...items.map((each) => metadata(each).name)].map((line) => `${line}\n`).join('')
  throw new Failure(`error: unable to match a printer suitable for the output format "${format}"`)
}

async function get({ words, options }: Invocation): Promise<string> {
  const raw = options.get('raw')
  if (raw !== undefined) return `${JSON.stringify(await call('GET', raw))}\n`
  const { kind, names } = targets(words)
  const output = options.get('output') ?? ''
  const path = collection(kind, options)
  if (names.length === 0) return show(await call('GET', `${path}${selectors(options)}`), kind, output)
  const objects: Fields[] = []
  for (const name of names) {
    try {
      objects.push(await call('GET', `${path}/${encodeURIComponent(name)}`))
    } catch (error) {
      if (options.get('ignore-not-found') !== 'true' || !String(error).includes('(NotFound)')) throw error
    }
  }
  const [only] = objects
  if (only === undefined) return ''
  return show(objects.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: objects }, kind, output)
}

function manifests(options: Invocation['options']): Fields[] {
  const file = options.get('filename')
  if (file === undefined) throw new Failure('error: must specify one of -f and -k')
  if (file !== '-' && !existsSync(file))
    throw new Failure(`error: the path ${JSON.stringify(file)} does not exist`)
  const documents = loadAll(readFileSync(file === '-' ? 0 : file, 'utf8')) as (Fields | null)[]
  return documents.flatMap((each) => (each === null ? [] : ((each.items as Fields[] | undefined) ?? [each])))
}

async function create({ options }: Invocation): Promise<string> {
  const raw = options.get('raw')
  if (raw !== undefined) {
    const file = options.get('filename') ?? '-'
    return `${JSON.stringify(await call('POST', raw, readFileSync(file === '-' ? 0 : file, 'utf8')))}\n`
  }
  let said = ''
  const failures: string[] = []
  const file = options.get('filename') ?? ''
  for (const object of manifests(options)) {
    const kind = kindOf(String(object.kind))
    const namespace = metadata(object).namespace ?? options.get('namespace') ?? 'default'
    try {
      const made = await call('POST', collection(kind, new Map(), namespace), object)
      const output = options.get('output')
      said += output === undefined ? `${show(made, kind, 'name').trim()} created\n` : show(made, kind, output)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failures.push(
        error.message.replace(
          /^(Error from server \(\w+\): )/,
          `$1error when creating ${JSON.stringify(file)}: `,
        ),
      )
    }
  }
  process.stdout.write(said)
  if (failures.length > 0) throw new Failure(failures.join('\n'))
  return ''
}

async function remove({ words, options }: Invocation): Promise<string> {
  const raw = options.get('raw')
  if (raw !== undefined) return `${JSON.stringify(await call('DELETE', raw))}\n`
  const named =
    words.length === 0
      ? manifests(options).map((each) => ({
          kind: kindOf(String(each.kind)),
          name: metadata(each).name,
          namespace: metadata(each).namespace,
        }))
      : await listed(words, options)
  const grace = options.get('now') === 'true' ? '1' : options.get('grace-period')
  if (named.length === 0) process.stderr.write('No resources found\n')
  let said = ''
  for (const { kind, name, namespace } of named) {
    const path = collection(kind, new Map(), namespace ?? options.get('namespace') ?? 'default')
    const body = grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }
    try {
      await call('DELETE', `${path}/${encodeURIComponent(name)}`, {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...body,
      })
      said += `${kind.plural.replace(/s$/, '')} "${name}" deleted\n`
    } catch (error) {
      if (!String(error).includes('(NotFound)') || options.get('ignore-not-found') === 'false') throw error
      if (words.length > 1 && options.get('ignore-not-found') !== 'true') throw error
    }
  }
  return said
}

async function listed(
  words: string[],
  options: Invocation['options'],
): Promise<{ kind: Kind; name: string; namespace?: string | undefined }[]> {
  const { kind, names } = targets(words)
  if (names.length > 0) return names.map((name) => ({ kind, name }))
  if (!options.has('selector') && !options.has('all') && !options.has('field-selector')) {
    throw new Failure('error: resource(s) were provided, but no name was specified')
  }
  const { items } = (await call('GET', `${collection(kind, options)}${selectors(options)}`)) as {
    items: Fields[]
  }
  return items.map((each) => ({ kind, ...metadata(each) }))
}

async function main(): Promise<string> {
  const { words, options } = parse(process.argv.slice(2))
  const [verb = '', ...rest] = words
  const invocation = { words: rest, options }
  if (verb === 'get') return get(invocation)
  if (verb === 'create') return create(invocation)
  if (verb === 'delete') return remove(invocation)
  if (verb === 'version') return `${JSON.stringify({ serverVersion: await call('GET', '/version') })}\n`
  throw new Failure(`error: unknown command "${verb}" for "kubectl"`)
}

main().then(
  (said) => process.stdout.write(said),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Failure ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    )
    process.exitCode = 1
  },
)
