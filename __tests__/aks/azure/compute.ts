import type { ArmRoute, ArmService } from './arm.ts'

/** Cores of the subscription in the region. */
export interface CoreQuota {
  /** Of the family of Standard_D4s_v5, and of all families. */
  family: { used: number; limit: number }
  all: { used: number; limit: number }
}

export const AMPLE: CoreQuota = { family: { used: 12, limit: 350 }, all: { used: 12, limit: 350 } }

const FAMILY = 'standardDSv5Family'

/** What ARM tells of VM sizes and quotas, and of the caller's rights. */
export function computeRoutes(service: ArmService, quota: CoreQuota): ArmRoute[] {
  const compute = '/subscriptions/[^/]+/providers/microsoft\\.compute'
  const usage = (value: string, { used, limit }: { used: number; limit: number }) => ({
    unit: 'Count',
    currentValue: used,
    limit,
    name: { value, localizedValue: value },
  })
  return [
    {
      method: 'GET',
      path: new RegExp(`${compute}/locations/[^/]+/usages`),
      action: 'Microsoft.Compute/locations/usages/read',
      serve: () => ({
        status: 200,
        body: { value: [usage('cores', quota.all), usage(FAMILY, quota.family)] },
      }),
    },
    {
      method: 'GET',
      path: new RegExp(`${compute}/skus`),
      action: 'Microsoft.Compute/skus/read',
      serve: () => ({
        status: 200,
        body: {
          value: [
            {
              resourceType: 'virtualMachines',
              name: 'Standard_D4s_v5',
              family: FAMILY,
              locations: [service.location],
              capabilities: [{ name: 'vCPUs', value: '4' }],
            },
          ],
        },
      }),
    },
    {
      method: 'GET',
      path: /.+\/providers\/microsoft\.authorization\/permissions/,
      action: 'Microsoft.Authorization/permissions/read',
      serve: ({ caller }) => ({
        status: 200,
        body: { value: [{ actions: caller.actions ?? ['*'], notActions: [] }] },
      }),
    },
  ]
}
