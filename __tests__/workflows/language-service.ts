/**
 * Prints what GitHub's own language service says of workflows, as JSON. Runs in a process of its own: the
 * service imports JSON modules without saying so, which takes a hook that jest's module loader does not know.
 * Standard input: `{ "<name>": "<text of the workflow or action>" }`. Standard output: the problems by name.
 */
import { readFileSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})

const root = new URL('../../', import.meta.url)
const service = createRequire(import.meta.resolve('@actions/languageservice'))
const { validate } = await import('@actions/languageservice')
const { TextDocument } = await import(
  pathToFileURL(service.resolve('vscode-languageserver-textdocument')).href
)

/** Files of this repository, whether they are named from inside or, as users do, from outside. */
const fileProvider = {
  getFileContent: async (reference: { path: string }) => ({
    name: reference.path,
    content: readFileSync(new URL(reference.path, root), 'utf8'),
  }),
}

const documents = JSON.parse(await text(process.stdin)) as Record<string, string>
const problems: Record<string, string[]> = {}
for (const [name, content] of Object.entries(documents)) {
  const uri = new URL(name.endsWith('action.yml') ? 'action.yml' : `.github/workflows/${name}`, root).href
  const found = await validate(TextDocument.create(uri, 'yaml', 0, content), { fileProvider })
  problems[name] = found.map(({ message, range }) => {
    const said = typeof message === 'string' ? message : message.value
    return `line ${range.start.line + 1}: ${said}`
  })
}
process.stdout.write(JSON.stringify(problems))
