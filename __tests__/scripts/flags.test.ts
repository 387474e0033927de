import { describe, expect, test } from '@jest/globals'
import { helpText, parseFlags } from '../../scripts/flags.ts'
import { readActionFile } from '../../scripts/run-action.ts'

const names = Object.keys(readActionFile().inputs)

describe('the flags of npm start', () => {
  test('a flag takes its value after = or as the next word, and alone means true', () => {
    expect(parseFlags(['--fail-on=never', '--nodes', 'a,b', '--dry-run'], names)).toEqual({
      kind: 'inputs',
      inputs: { 'fail-on': 'never', nodes: 'a,b', 'dry-run': 'true' },
    })
  })

  test('a value may hold = and newlines', () => {
    expect(parseFlags(['--node-selector=a=b\nc'], names)).toEqual({
      kind: 'inputs',
      inputs: { 'node-selector': 'a=b\nc' },
    })
  })

  test('an unknown flag is refused with the nearest name', () => {
    expect(parseFlags(['--fail-onn=x'], names)).toEqual({
      kind: 'wrong',
      message: '--fail-onn is not an input. Did you mean --fail-on? --help lists all.',
    })
  })

  test('a word that is no flag is refused', () => {
    expect(parseFlags(['check'], names)).toMatchObject({ kind: 'wrong' })
  })

  test('help names every input and output of action.yml', () => {
    const help = helpText(readActionFile())
    for (const name of names) expect(help).toContain(`--${name}`)
    for (const name of Object.keys(readActionFile().outputs)) expect(help).toContain(`  ${name}\n`)
  })
})
