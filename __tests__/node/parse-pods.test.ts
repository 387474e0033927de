import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseReading } from '../../src/node/parse.ts'
import type { Reading } from '../../src/node/reading.ts'

const uid = '12345678-89ab-4def-8123-456789abcdef'
const counts = 'namespaces=12 left=0'

function read(pods: string, podDetail = true): Pick<Reading, 'busiestPods' | 'podNamespaces'> {
  const lines = ['ach-probe 1', 'a uptime=1.00', ...(pods === '' ? [] : [`pods ${pods}`])]
  const parsed = parseReading(`${lines.join('\n')}\nend ${lines.length}\n`, { secondRead: false, podDetail })
  if ('lost' in parsed) throw new Error(parsed.lost)
  return parsed.reading
}

const cannotBe = { unknown: 'the probe reported a value that cannot be' }

describe('what a probe says about pods', () => {
  test('becomes the pods with the most sockets first', () => {
    const said = `found=2 ${counts} 1=-:3:4 1.to=- 2=${uid}:5:3000 2.to=0500E00A:01BB:3000:2999:2998 2.on=1F90:7`
    expect(read(said)).toMatchObject({
      podNamespaces: { value: 12 },
      podNamespacesLeft: { value: 0 },
      busiestPods: {
        value: [
          {
            uid,
            tcpInUse: 5,
            timeWait: 3000,
            destination: {
              value: {
                remoteAddress: '10.224.0.5',
                remotePort: 443,
                ports: 3000,
                portsInDefaultRange: 2999,
                timeWait: 2998,
              },
            },
            busiestOwnPort: { port: 8080, sockets: 7 },
          },
          { tcpInUse: 3, timeWait: 4, destination: { value: null } },
        ],
      },
    })
  })

  test('is left out where it was not asked for', () => {
    expect(read(`found=1 ${counts} 1=${uid}:5:3000`, false)).not.toHaveProperty('busiestPods')
  })

  test('is unknown where the probe does not say it', () => {
    expect(read('').busiestPods).toEqual({ unknown: 'the probe did not report it' })
    expect(read(`found=1 ${counts}`).busiestPods).toEqual({ unknown: 'the probe did not report it' })
  })

  test.each([
    ['!own-processes', /its pod was not given hostPID/],
    ['!hidden', /hides the processes of others/],
    ['!no-stat', /the image needs stat and xargs/],
  ])('is unknown where /proc does not let it: %s', (mark, why) => {
    expect(read(`found=${mark}`).busiestPods).toEqual({ unknown: expect.stringMatching(why) })
  })

  test.each([
    '6=x',
    `1=${uid}:5:-1`,
    `1=${uid.toUpperCase()}:5:1`,
    '1=shop~web:5:1',
    `1=${uid}:5:9999999999`,
    `1=${uid}:5`,
  ])('is unknown as a whole with a pod that cannot be: %s', (pod) => {
    expect(read(`found=1 ${counts} ${pod} 1.to=-`).busiestPods).toHaveProperty('unknown')
  })

  test.each([
    '0500E00A:01BB:0:0:0',
    '0500E00A:01BB:70000:0:0',
    '0500E00A:01BB:5:6:0',
    '0500E00A:01BB:5:5:6',
    '0500E00:01BB:5:5:5',
    'example.org:443:5:5:5',
  ])('has no destination that cannot be: %s', (to) => {
    expect(read(`found=1 ${counts} 1=${uid}:5:1 1.to=${to}`).busiestPods).toMatchObject({
      value: [{ uid, destination: cannotBe }],
    })
  })

  test('is bounded whatever the node says', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9!_.:+~-]{1,60}$/)
    const pairs = fc.array(fc.tuple(fc.constantFrom('found', '1', '1.to', '1.on', '2', 'left'), word))
    fc.assert(
      fc.property(pairs, (said) => {
        const { busiestPods } = read(said.map(([name, value]) => `${name}=${value}`).join(' '))
        if (!busiestPods || !('value' in busiestPods)) return
        expect(busiestPods.value.length).toBeLessThanOrEqual(5)
        for (const pod of busiestPods.value) expect(pod.tcpInUse).toBeLessThan(1e10)
      }),
    )
  })
})
