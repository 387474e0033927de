import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { procOfSample } from '../__tests__/support/sample-proc.ts'
import { probeScript } from '../src/node/probe.sh.ts'

/** What the real probe script says on a recorded node: the termination message of its pod. */
export async function answerOf(sample: string): Promise<string> {
  await using proc = await procOfSample(sample)
  const terminationLog = join(proc.path, 'termination-log')
  await proc.write('termination-log', '')
  execFileSync('sh', ['-c', probeScript({ sampleSeconds: 0, terminationLog })], {
    env: { PATH: process.env.PATH, PROC: proc.path },
  })
  return readFileSync(terminationLog, 'utf8')
}
