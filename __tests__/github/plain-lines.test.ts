import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { plainLines } from '../../src/github/plain-lines.ts'

/** Whether the runner would take a line of output as a command, after ActionCommand.cs of actions/runner. */
function isCommand(line: string): boolean {
  return line.trimStart().startsWith('::') || line.includes('##[')
}

test('no line of any text is a workflow command', () => {
  const parts = fc.constantFrom(
    '::',
    '##[',
    'error::x',
    ' ',
    '\t',
    '\n',
    '\r',
    '\r\n',
    '\u2028',
    '\u00A0',
    ':',
    '#',
    '[',
  )
  const text = fc
    .array(fc.oneof(parts, fc.string({ unit: 'binary', maxLength: 4 })))
    .map((all) => all.join(''))
  fc.assert(
    fc.property(text, fc.boolean(), (value, colours) => {
      // .NET breaks lines at \r, \n and \r\n.
      expect(
        plainLines(value, { colours })
          .split(/\r\n|[\r\n]/)
          .filter(isCommand),
      ).toEqual([])
    }),
    { numRuns: 2000 },
  )
})

test('what is no command stays as it is', () => {
  const text = 'np1: 85.2 % of 131,072 entries\n  std::string, a#[b], fd00::1'
  expect(plainLines(text)).toBe(text)
})

test('escape sequences of terminals are made visible', () => {
  expect(plainLines('a\u001B[2Kb\u202Ec')).toBe('a\uFFFD[2Kb\uFFFDc')
})

test('of all escape sequences only those that colour are kept where colours are wanted', () => {
  const text = '\u001B[1m\u001B[31ma\u001B[39m\u001B[2K\u001B[38;5;1m\u{E0001}\u0007b'
  expect(plainLines(text, { colours: true })).toBe(
    '\u001B[1m\u001B[31ma\u001B[39m\uFFFD[2K\uFFFD[38;5;1m\uFFFD\uFFFDb',
  )
})
