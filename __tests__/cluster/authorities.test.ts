import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type SmallAks, startAks } from '../aks/aks.ts'

let aks: SmallAks
let folder: string

beforeAll(async () => {
  aks = await startAks({ nodes: [] })
  folder = mkdtempSync(join(tmpdir(), 'ach-authorities-'))
})
afterAll(async () => {
  await aks.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** What a process of its own says that connects with `kubeconfig`: Node reads NODE_EXTRA_CA_CERTS only at its start. */
async function connecting(kubeconfig: string, environment: Record<string, string>): Promise<string> {
  const path = join(folder, 'config')
  writeFileSync(path, kubeconfig)
  const child = join(import.meta.dirname, 'support', 'connect-child.ts')
  const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: path, ...environment }
  const { stdout } = await promisify(execFile)(process.execPath, [child], { env, timeout: 30_000 })
  return stdout.trim()
}

const withoutAuthority = () => aks.kubeconfig().replace(/certificate-authority-data: \S+/, '')

test('a kubeconfig without an authority trusts what NODE_EXTRA_CA_CERTS names', async () => {
  expect(await connecting(withoutAuthority(), { NODE_EXTRA_CA_CERTS: aks.caFile })).toBe('v1.34.1')
})

test('and without that does not trust the server', async () => {
  expect(await connecting(withoutAuthority(), {})).toContain('not signed by a trusted authority')
})
