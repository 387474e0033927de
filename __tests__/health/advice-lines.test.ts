import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextSteps } from '../../src/health/advice.ts'
import { evaluate } from '../../src/health/evaluate.ts'
import { readInputs } from '../../src/inputs.ts'
import { read } from '../support/readings.ts'
import { input } from './support.ts'

/** Reads the lines as if they stood under `with:`; throws where an input refuses one. */
function accept(lines: string[]): void {
  const values = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
  readInputs((name) => values.get(name) ?? '')
}

test('the lines to paste are ones that the inputs take, whatever a node is like', () => {
  const node = fc.record({
    max: fc.oneof(fc.nat({ max: 0x7fff_ffff }), fc.constantFrom(0, 131_072, 262_144, 8_388_608)),
    share: fc.double({ min: 0, max: 2, noNaN: true }),
    cores: fc.oneof(fc.constantFrom(2, 96, 192, 416), fc.double({ min: 0.1, max: 1e6, noNaN: true })),
    twReuse: fc.constantFrom(0, 1, 2),
  })
  const allowed = fc.subarray([0, 1, 2], { minLength: 1 })
  fc.assert(
    fc.property(fc.array(node, { maxLength: 3 }), allowed, (specs, twReuseAllowed) => {
      const nodes = specs.map(({ max, share, cores, twReuse }, index) => {
        const sysctls = { 'net.netfilter.nf_conntrack_max': max, 'net.ipv4.tcp_tw_reuse': twReuse }
        return read(`n${index}`, { sysctls, first: { conntrackCount: Math.round(share * max) } }, { cores })
      })
      const steps = nextSteps(evaluate(input(nodes, { twReuseAllowed })))
      expect(() => accept(steps.with)).not.toThrow()
      expect(() => accept(steps.lasting)).not.toThrow()
    }),
    { numRuns: 1000 },
  )
})
