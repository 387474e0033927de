import { describe, expect, test } from '@jest/globals'
import { stylesFor, terminalLine } from '../../scripts/terminal.ts'

const plain = stylesFor({ isTTY: false }, {})

describe('the job log on a terminal', () => {
  test.each([
    ['::group::Reading nodes', 'Reading nodes'],
    ['::endgroup::', undefined],
    ['::add-mask::secret', undefined],
    ['::debug::noise', undefined],
    ['::error::it broke%0Ain two lines', 'Error: it broke\nin two lines'],
    ['::error title=conntrack-usage::2 of 3 nodes', 'conntrack-usage: 2 of 3 nodes'],
    ['::warning title=a%3A b,file=x::100%25', 'a: b: 100%'],
    ['a plain line: with colons :: in it', 'a plain line: with colons :: in it'],
  ])('%j', (line, text) => {
    expect(terminalLine(line, plain)).toBe(text)
  })

  test('there are colours on a terminal and none with NO_COLOR', () => {
    const coloured = terminalLine('::error::x', stylesFor({ isTTY: true }, {}))
    const bare = terminalLine('::error::x', stylesFor({ isTTY: true }, { NO_COLOR: '1' }))
    expect([coloured, bare]).toEqual(['\u001B[31mError: x\u001B[39m', 'Error: x'])
  })
})
