import { readdirSync, readFileSync } from 'node:fs'
import { load } from 'js-yaml'

export const root = new URL('../../', import.meta.url)

/** The part of a workflow that the tests look at. */
export interface Workflow {
  on: Record<string, unknown>
  permissions?: unknown
  jobs: Record<string, Job>
}

export interface Job {
  uses?: string
  with?: Record<string, unknown>
  secrets?: unknown
  permissions?: unknown
  'runs-on'?: string
  'timeout-minutes'?: unknown
  steps?: Step[]
}

export interface Step {
  id?: string
  uses?: string
  run?: string
  with?: Record<string, unknown>
}

/** A workflow with where it stands: a file, or the n-th block of a page of the documentation. */
export interface Document {
  name: string
  text: string
}

/** The workflows of this repository. */
export const workflows = (): Document[] => filesIn('.github/workflows/')
/** The workflows that users copy. */
export const examples = (): Document[] => filesIn('examples/')

/** The whole workflows among the blocks of README.md and docs/. */
export function documented(): Document[] {
  return pages().flatMap(({ name, text }) =>
    [...text.matchAll(/^```yaml\n(.*?)^```$/gms)]
      .map(([, block = ''], index) => ({
        name: `${name.replaceAll('/', '-')}-${index + 1}.yml`,
        text: block,
      }))
      .filter((block) => /^jobs:$/m.test(block.text)),
  )
}

/** README.md and the pages of docs/, by their path. */
export function pages(): Document[] {
  const below = (folder: string) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}${name}`)
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...below('docs/'), ...below('examples/')].map(read)
}

export function read(name: string): Document {
  return { name, text: readFileSync(new URL(name, root), 'utf8') }
}

function filesIn(folder: string): Document[] {
  return readdirSync(new URL(folder, root))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => read(`${folder}${name}`))
}

export function parsed({ text }: Document): Workflow {
  return load(text) as Workflow
}

export function stepsOf(workflow: Workflow): Step[] {
  return Object.values(workflow.jobs).flatMap(({ steps = [] }) => steps)
}

/** `this` for the action of this repository, however it is named; `reusable` for its workflows; else another. */
export function kindOf(uses: string): 'this' | 'reusable' | 'other' {
  if (/^(\.\/|\.\/\.aks-connection-health|OWNER\/aks-connection-health@v1)$/.test(uses)) return 'this'
  return /^OWNER\/aks-connection-health\/\.github\/workflows\/[a-z]+\.yml@v1$/.test(uses)
    ? 'reusable'
    : 'other'
}

interface ActionFile {
  inputs: Record<string, { description: string; default?: string; required?: boolean }>
  outputs: Record<string, { description: string }>
}

export function actionFile(): ActionFile {
  return load(read('action.yml').text) as ActionFile
}
