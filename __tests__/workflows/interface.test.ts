import { describe, expect, test } from '@jest/globals'
import {
  actionFile,
  type Document,
  documented,
  examples,
  kindOf,
  parsed,
  read,
  stepsOf,
  type Workflow,
  workflows,
} from './documents.ts'

const action = actionFile()
const all = [...workflows(), ...examples(), ...documented()].map(
  (document) => [document.name, document] as const,
)
const reusable = ['audit', 'gate', 'remediate'].map((name) => `.github/workflows/${name}.yml`)

interface Called {
  inputs: Record<string, { type: string; default?: string | number | boolean; required?: boolean }>
  secrets?: Record<string, unknown>
  outputs: Record<string, unknown>
}

function callable(document: Document): Called {
  return parsed(document).on.workflow_call as Called
}

describe.each(all)('%s', (_name, document) => {
  const workflow = parsed(document)

  test('gives the action only inputs that it has', () => {
    const inputs = ownSteps(workflow).flatMap((step) => Object.keys(step.with ?? {}))
    expect(inputs.filter((name) => !(name in action.inputs))).toEqual([])
  })

  test('reads only outputs that the action has', () => {
    const ids = ownSteps(workflow).flatMap(({ id }) => id ?? [])
    const used = ids.flatMap((id) =>
      [...document.text.matchAll(new RegExp(`steps\\.${id}\\.outputs\\.([\\w-]+)`, 'g'))].map(
        ([, name]) => name,
      ),
    )
    expect(used.filter((name) => !(name && name in action.outputs))).toEqual([])
  })

  test('calls the reusable workflows with inputs and outputs that they have', () => {
    for (const [id, job] of Object.entries(workflow.jobs)) {
      if (!job.uses || kindOf(job.uses) !== 'reusable') continue
      const called = callable(read(job.uses.replace(/^OWNER\/aks-connection-health\/|@v1$/g, '')))
      const given = Object.keys(job.with ?? {})
      const needed = Object.entries(called.inputs).filter(([, { required }]) => required)
      const used = [...document.text.matchAll(new RegExp(`needs\\.${id}\\.outputs\\.([\\w-]+)`, 'g'))]
      expect(given.filter((name) => !(name in called.inputs))).toEqual([])
      expect(needed.filter(([name]) => !given.includes(name))).toEqual([])
      expect(used.filter(([, name = '']) => !(name in called.outputs))).toEqual([])
    }
  })

  test('gives the called workflow the permissions that its jobs ask for', () => {
    for (const job of Object.values(workflow.jobs)) {
      if (!job.uses || kindOf(job.uses) !== 'reusable') continue
      const called = parsed(read(job.uses.replace(/^OWNER\/aks-connection-health\/|@v1$/g, '')))
      const asked = Object.assign({}, ...Object.values(called.jobs).map(({ permissions }) => permissions))
      expect(job.permissions).toEqual(asked)
    }
  })
})

describe.each(reusable)('%s', (name) => {
  const document = read(name)
  const { inputs } = callable(document)

  test('has the defaults of the action for inputs of the same name', () => {
    const differing = Object.entries(inputs)
      .filter(([input]) => input in action.inputs)
      .filter(([input, { default: own }]) => String(own ?? '') !== (action.inputs[input]?.default ?? ''))
    expect(differing).toEqual([])
  })

  test('passes every input of the action that it takes on to the action', () => {
    const given = ownSteps(parsed(document)).map((step) => Object.keys(step.with ?? {}))
    for (const names of given) {
      const taken = Object.keys(inputs).filter((input) => input in action.inputs && input !== 'dry-run')
      expect(taken.filter((input) => !names.includes(input))).toEqual([])
    }
  })
})

test('the plan and the apply job of remediate.yml differ only in what makes them plan and apply', () => {
  const [plan = {}, apply = {}] = ownSteps(parsed(read('.github/workflows/remediate.yml'))).map(
    (step) => step.with,
  )
  const names = [...new Set([...Object.keys(plan), ...Object.keys(apply)])]
  expect(names.filter((name) => plan[name] !== apply[name]).sort()).toEqual(
    ['client-id', 'dry-run', 'fail-on', 'timeout-seconds'].sort(),
  )
  expect(plan['dry-run']).toBe(true)
})

test('the apply job waits for the plan and for an environment', () => {
  const { apply } = parsed(read('.github/workflows/remediate.yml')).jobs
  expect(apply).toMatchObject({ needs: 'plan', environment: { name: expect.any(String) } })
})

function ownSteps(workflow: Workflow) {
  return stepsOf(workflow).filter(({ uses }) => uses !== undefined && kindOf(uses) === 'this')
}
