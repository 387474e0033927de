import { describe, expect, test } from '@jest/globals'
import { requireExpectedCluster } from '../../src/azure/guard.ts'

const ID = '/subscriptions/9/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/shop'

describe('expected-cluster-id', () => {
  test('lets the cluster pass that it names', () => {
    expect(() => requireExpectedCluster(ID, ID)).not.toThrow()
  })

  test('does not mind case or a slash at the end, as ARM ids do not', () => {
    expect(() => requireExpectedCluster(`${ID.toUpperCase()}/`, ID)).not.toThrow()
  })

  test.each(['shop2', 'sho', 'shop/agentPools/np1'])('stops a run on %s', (name) => {
    const other = ID.replace(/shop$/, name)
    expect(() => requireExpectedCluster(ID, other)).toThrow(/nothing is touched/)
  })

  test('names both ids', () => {
    expect(() => requireExpectedCluster(ID, `${ID}2`)).toThrow(
      new RegExp(`expected: ${ID}\\n.*found: +${ID}2`, 's'),
    )
  })

  test('stops a run on a cluster whose id is not known', () => {
    expect(() => requireExpectedCluster(ID, undefined)).toThrow(/cannot be checked/)
  })

  test('lets every cluster pass when it is not given', () => {
    expect(() => requireExpectedCluster('', undefined)).not.toThrow()
  })
})
