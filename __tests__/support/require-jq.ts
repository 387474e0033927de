import { execFileSync } from 'node:child_process'

/** Run commands are scripts for jq, which the image of AKS has: without it their tests would prove nothing. */
export function requireJq(): void {
  try {
    execFileSync('jq', ['--version'], { stdio: 'ignore' })
  } catch (cause) {
    throw new Error('these tests need jq on the PATH (Debian and Ubuntu: apt-get install jq)', { cause })
  }
}
