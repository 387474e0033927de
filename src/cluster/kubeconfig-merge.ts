import { type Cluster, type Context, KubeConfig, type User } from '@kubernetes/client-node'
import { load, YAMLException } from 'js-yaml'
import { UserError } from '../errors.ts'
import type { KubeconfigText } from './kubeconfig-files.ts'

/** A user's entry, with what KubeConfig does not read of it and where its relative paths start. */
export interface UserEntry extends User {
  raw: { tokenFile?: unknown; 'as-uid'?: unknown; 'as-groups'?: unknown }
  folder: string
}

/** The entries of all kubeconfigs by name; of entries with the same name the first counts, as in kubectl. */
export interface MergedKubeconfig {
  /** For messages. */
  origin: string
  currentContext: string | undefined
  contexts: Map<string, Context>
  clusters: Map<string, Cluster>
  users: Map<string, UserEntry>
}

/** Merges kubeconfigs as kubectl does. Entries that are incomplete are left out. */
export function mergeKubeconfigs(texts: KubeconfigText[]): MergedKubeconfig {
  const merged: MergedKubeconfig = {
    origin: texts.map(({ origin }) => origin).join(', '),
    currentContext: undefined,
    contexts: new Map(),
    clusters: new Map(),
    users: new Map(),
  }
  for (const text of texts) {
    const raw = parse(text)
    const config = understand(text)
    merged.currentContext ||= textOf(config.getCurrentContext())
    addNew(merged.contexts, config.getContexts())
    addNew(merged.clusters, config.getClusters())
    const users = config
      .getUsers()
      .map((user) => ({ ...user, raw: rawUser(raw, user.name), folder: text.folder }))
    addNew(merged.users, users)
  }
  return merged
}

/** A name that is no text, as YAML makes of digits without quotes, is none to kubectl either. */
function addNew<T extends { name: unknown }>(known: Map<string, T>, entries: T[]): void {
  for (const entry of entries) {
    if (typeof entry.name === 'string' && !known.has(entry.name)) known.set(entry.name, entry)
  }
}

const docs = 'troubleshooting.md#the-kubeconfig'

/** The library stumbles over values of another type than it expects; its words may quote them. */
function understand({ origin, text, folder }: KubeconfigText): KubeConfig {
  const config = new KubeConfig()
  try {
    config.loadFromString(text, { onInvalidEntry: 'filter' })
    config.makePathsAbsolute(folder)
    return config
  } catch {
    throw new UserError(
      `The kubeconfig cannot be understood (${origin}): a value in it is of the wrong type.`,
      {
        next: 'Compare it with one that az aks get-credentials or kubectl config view --raw --flatten print.',
        docs,
      },
    )
  }
}

/** Parses and looks whether it is a kubeconfig at all. No error carries a piece of the text: it has secrets. */
function parse({ origin, text }: KubeconfigText): Record<string, unknown> {
  const next = 'Give a kubeconfig as az aks get-credentials or kubectl config view --raw --flatten print it.'
  if (text.trim() === '') throw new UserError(`The kubeconfig is empty (${origin}).`, { next, docs })
  let parsed: unknown
  try {
    parsed = load(text)
  } catch (error) {
    const at = error instanceof YAMLException && error.mark ? `, line ${error.mark.line + 1}` : ''
    const why = error instanceof YAMLException ? error.reason : 'unknown reason'
    throw new UserError(`The kubeconfig is not YAML (${origin}${at}): ${why}.`, { next, docs })
  }
  if (typeof parsed === 'object' && parsed !== null && ('clusters' in parsed || 'contexts' in parsed)) {
    return parsed as Record<string, unknown>
  }
  throw new UserError(`This is no kubeconfig (${origin}): it has neither clusters nor contexts.`, {
    next,
    docs,
  })
}

function rawUser(raw: Record<string, unknown>, name: string): UserEntry['raw'] {
  if (!Array.isArray(raw.users)) return {}
  const entry = raw.users.find((each: { name?: unknown } | null) => each?.name === name)
  return (entry as { user?: UserEntry['raw'] } | undefined)?.user ?? {}
}

/** A value of a kubeconfig as text: its types are what YAML makes of them. Undefined where it is none, or empty. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  return String(value).trim() || undefined
}
