import { describe, expect, test } from '@jest/globals'
import { labelPredicate, matchesSelector } from './selectors.ts'

describe('a label selector', () => {
  test.each([
    ['a=1', true],
    ['a==1,b=2', true],
    ['a=2', false],
    ['a!=2', true],
    ['a!=1', false],
    ['missing!=1', true],
    ['a', true],
    ['!a', false],
    ['!missing', true],
    ['a in (0, 1),b', true],
    ['a in (2)', false],
    ['a notin (2,3)', true],
    ['missing notin (1)', true],
    ['app.kubernetes.io/name=x', true],
  ])('%s on the labels of the test is %s', (selector, expected) => {
    expect(labelPredicate(selector)({ a: '1', b: '2', 'app.kubernetes.io/name': 'x' })).toBe(expected)
  })

  test.each(['a=b c', 'a=-x', `a=${'x'.repeat(64)}`, '/x=1', 'a in 1'])('%s is refused', (selector) => {
    expect(() => labelPredicate(selector)).toThrow(/unable to parse requirement/)
  })
})

describe('a selector of a spec', () => {
  test('matches nothing when it is absent and everything when it is empty', () => {
    expect(matchesSelector(undefined, { a: '1' })).toBe(false)
    expect(matchesSelector({}, { a: '1' })).toBe(true)
  })

  test('needs all of its expressions', () => {
    const selector = {
      matchLabels: { a: '1' },
      matchExpressions: [
        { key: 'b', operator: 'In', values: ['2'] },
        { key: 'c', operator: 'DoesNotExist' },
      ],
    }
    expect(matchesSelector(selector, { a: '1', b: '2' })).toBe(true)
    expect(matchesSelector(selector, { a: '1', b: '2', c: '' })).toBe(false)
  })
})
