import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { zip } from '../../src/azure/zip.ts'
import { unzip } from '../aks/azure/unzip.ts'

describe('a zip', () => {
  test('gives back every file as it was', () => {
    const name = fc.stringMatching(/^[\w.äé-]{1,30}$/)
    fc.assert(
      fc.property(
        fc.dictionary(name, fc.uint8Array({ maxLength: 2000 }), { maxKeys: 6, noNullPrototype: true }),
        (files) => {
          const found = Object.fromEntries(
            [...unzip(zip(files))].map(([key, value]) => [key, new Uint8Array(value)]),
          )
          expect(found).toEqual(files)
        },
      ),
    )
  })

  test('of the same files is the same', () => {
    expect(zip({ a: 'one', b: 'two' })).toEqual(zip({ a: 'one', b: 'two' }))
  })

  test('packs what repeats itself', () => {
    expect(zip({ a: 'x'.repeat(100_000) }).length).toBeLessThan(1000)
  })

  test('keeps to the format: signatures, and sizes that unpackers check', () => {
    const bytes = zip({ 'probe.sh': 'echo ok\n' })
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004')
    expect(bytes.readUInt32LE(bytes.length - 22)).toBe(0x06054b50)
    expect(bytes.readUInt16LE(bytes.length - 12)).toBe(1)
    expect(bytes.readUInt32LE(22)).toBe(8)
  })
})
