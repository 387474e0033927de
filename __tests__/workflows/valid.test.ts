import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { type Document, documented, examples, read, root, workflows } from './documents.ts'

const documents = [read('action.yml'), ...workflows(), ...examples(), ...documented()]
/** Reads an output of a job that does not exist. */
const broken: Document = {
  name: 'broken.yml',
  text: 'on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    needs: nothing\n    steps:\n      - run: echo\n',
}

describe('what the language service of GitHub says', () => {
  let problems: Record<string, string[]>

  beforeAll(() => {
    const input = Object.fromEntries([...documents, broken].map(({ name, text }) => [nameFor(name), text]))
    const script = fileURLToPath(new URL('language-service.ts', import.meta.url))
    const { stdout, stderr } = spawnSync(process.execPath, [script], {
      cwd: fileURLToPath(root),
      env: { PATH: process.env.PATH },
      input: JSON.stringify(input),
      encoding: 'utf8',
      timeout: 60_000,
    })
    problems = JSON.parse(stdout || `{"no answer": [${JSON.stringify(stderr)}]}`)
  })

  test.each(documents.map(({ name }) => name))('%s has nothing wrong', (name) => {
    expect(problems[nameFor(name)]).toEqual([])
  })

  test('a workflow with something wrong is told', () => {
    expect(problems['broken.yml']).toContain("line 5: Value 'nothing' is not valid")
  })
})

/** One flat name a document, as the service takes the file of a workflow. */
function nameFor(name: string): string {
  return name.replaceAll('/', '-').replace(/^\./, '')
}
