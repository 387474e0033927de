import type { Check } from './check.ts'
import { conntrackBuckets } from './checks/conntrack-buckets.ts'
import { conntrackDrops } from './checks/conntrack-drops.ts'
import { conntrackUsage } from './checks/conntrack-usage.ts'
import { nodeReadable } from './checks/node-readable.ts'
import { poolDrift } from './checks/pool-drift.ts'
import { portUsage } from './checks/port-usage.ts'
import { servicePolicy } from './checks/service-policy.ts'
import { timeWait } from './checks/time-wait.ts'
import { timeWaitOverflow } from './checks/time-wait-overflow.ts'
import { twReuse } from './checks/tw-reuse.ts'
import type { CheckId } from './finding.ts'

/** Every check by its id. A new one is a file in checks/, its id in CHECKS and a line here. */
export const CHECK_BY_ID: Readonly<Record<CheckId, Check>> = {
  'conntrack-usage': conntrackUsage,
  'conntrack-drops': conntrackDrops,
  'conntrack-buckets': conntrackBuckets,
  'time-wait': timeWait,
  'time-wait-overflow': timeWaitOverflow,
  'tw-reuse': twReuse,
  'port-usage': portUsage,
  'service-policy': servicePolicy,
  'pool-drift': poolDrift,
  'node-readable': nodeReadable,
}
