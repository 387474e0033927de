import type { CheckInput } from './check.ts'
import { CHECK_BY_ID } from './checks.ts'
import { CHECKS, type Finding } from './finding.ts'

/**
 * Makes every check on every subject, whatever the others say, in the order of CHECKS and within a check by
 * the subject's name. The order in which nodes answered makes no difference.
 */
export function evaluate(input: CheckInput): Finding[] {
  return CHECKS.flatMap((id) => CHECK_BY_ID[id].make(input))
}
