import { expect, test } from '@jest/globals'
import { nearestFirst, nearestNames } from '../src/nearest.ts'

test('the nearest names are those that contain the name or nearly do', () => {
  const nodes = ['aks-np1-41288377-vmss000000', 'aks-np1-41288377-vmss000001', 'aks-gpu-1-vmss000000']
  expect(nearestNames('vmss000001', nodes)).toEqual(['aks-np1-41288377-vmss000001'])
  expect(nearestNames('AKS-NP1-41288377-vmss00001', nodes)[0]).toBe('aks-np1-41288377-vmss000001')
})

test('no names are near to one that is like no other', () => {
  expect(nearestNames('zzzzzz', ['np1', 'system'])).toEqual([])
})

test('all names are there with the nearest first, also when none is near', () => {
  expect(nearestFirst('prod-wset', ['dev-north', 'prod-east', 'prod-west'])).toEqual([
    'prod-west',
    'prod-east',
    'dev-north',
  ])
  expect(nearestFirst('', ['bb', 'a'])).toEqual(['a', 'bb'])
})
