import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { messageOf, UserError } from '../errors.ts'

/** The text of one kubeconfig and where relative paths in it start. */
export interface KubeconfigText {
  /** For messages: a path, or what else it came from. */
  origin: string
  text: string
  folder: string
}

/** Larger files are no kubeconfigs; in bytes. */
const maxBytes = 10 * 2 ** 20

const docs = 'troubleshooting.md#the-kubeconfig'

/**
 * Finds the kubeconfigs to read, as kubectl does: what `kubeconfig` holds (a path, or the content itself),
 * else the files that $KUBECONFIG lists, of which some may be missing, else ~/.kube/config.
 */
export async function readKubeconfigs(
  kubeconfig: string,
  environment: Record<string, string | undefined>,
): Promise<KubeconfigText[]> {
  const given = kubeconfig.trim()
  if (isContent(given)) return [{ origin: 'the kubeconfig input', text: kubeconfig, folder: process.cwd() }]
  if (given !== '') return [await readGiven(given, environment)]
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '')
  if (listed.length > 0) return readListed(listed, environment)
  const usual = join(environment.HOME || homedir(), '.kube', 'config')
  const read = await readIfPresent(usual)
  if (read !== undefined) return [read]
  throw new UserError(
    `No kubeconfig: the input is empty, KUBECONFIG is not set, and ${usual} does not exist.`,
    {
      next: 'Name the cluster in Azure (cluster-name, resource-group, subscription-id), or give the input kubeconfig a path or, from a secret, the content of a kubeconfig.',
      docs,
    },
  )
}

/** Whether the input is a kubeconfig itself rather than the path of one. */
function isContent(value: string): boolean {
  return (
    value.includes('\n') || value.startsWith('{') || /^(apiVersion|kind|clusters|contexts|users):/.test(value)
  )
}

async function readGiven(
  path: string,
  environment: Record<string, string | undefined>,
): Promise<KubeconfigText> {
  if (path.length > 200 && /^[A-Za-z0-9+/=]+$/.test(path)) {
    throw new UserError('The input kubeconfig is neither a path nor YAML: it looks like base64.', {
      next: 'Decode it before it is stored in the secret, or decode it in a step before this one.',
      docs,
    })
  }
  const read = await readIfPresent(expandHome(path, environment))
  if (read !== undefined) return read
  throw new UserError(`The kubeconfig ${path} does not exist.`, {
    next: `The path starts at the folder of the job, ${process.cwd()}. Write the file in a step before this one, or give the input the content itself.`,
    docs,
  })
}

async function readListed(
  paths: string[],
  environment: Record<string, string | undefined>,
): Promise<KubeconfigText[]> {
  const read = await Promise.all(paths.map((path) => readIfPresent(expandHome(path, environment))))
  const present = read.filter((each) => each !== undefined)
  if (present.length > 0) return present
  throw new UserError(`None of the files in KUBECONFIG exists: ${paths.join(', ')}.`, {
    next: 'Write the file in a step before this one, correct KUBECONFIG, or use the input kubeconfig.',
    docs,
  })
}

async function readIfPresent(path: string): Promise<KubeconfigText | undefined> {
  const origin = resolve(path)
  let bytes: Buffer
  try {
    bytes = await readFile(origin)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR') return undefined
    throw new UserError(`The kubeconfig ${origin} cannot be read: ${messageOf(cause)}.`, {
      next: 'Check what the path names and that the user of the runner may read it.',
      docs,
      cause,
    })
  }
  if (bytes.length > maxBytes) {
    throw new UserError(`${origin} is no kubeconfig: it has ${bytes.length} bytes.`, {
      next: 'Check the path.',
      docs,
    })
  }
  return { origin, text: bytes.toString('utf8'), folder: dirname(origin) }
}

function expandHome(path: string, environment: Record<string, string | undefined>): string {
  return path.startsWith('~/') ? join(environment.HOME || homedir(), path.slice(2)) : path
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
