import { describe, expect, test } from '@jest/globals'
import { readLinuxOsSysctls, readUnsafeSysctls } from '../../../src/remedy/node-pool/linux-os-sysctls.ts'

describe('the input linux-os-sysctls', () => {
  test('is YAML or JSON by the names of the API', () => {
    const values = { netIpv4IpLocalPortRange: '16384 60999', netIpv4TcpkeepaliveIntvl: 30 }
    expect(readLinuxOsSysctls(JSON.stringify(values)).values).toEqual(values)
    const yaml = 'netIpv4IpLocalPortRange: 16384  60999\nnetIpv4TcpkeepaliveIntvl: 30'
    expect(readLinuxOsSysctls(yaml).values).toEqual(values)
  })

  test('may be empty', () => {
    expect(readLinuxOsSysctls(' \n')).toEqual({ values: {}, notices: [] })
  })

  test('clamps a size above what AKS takes, and says so', () => {
    expect(readLinuxOsSysctls('netCoreSomaxconn: 9999999')).toEqual({
      values: { netCoreSomaxconn: 3_240_000 },
      notices: ['netCoreSomaxconn: clamped from 9999999 to 3240000, as AKS takes 4096 to 3240000'],
    })
  })

  test.each([
    ['netCoreSomaxconn: 100', /AKS takes 4096 to 3240000, not 100/],
    ['netIpv4TcpFinTimeout: 500', /AKS takes 5 to 120, not 500/],
    ['netCoreSomaxconn: many', /takes a number/],
    ['netIpv4IpLocalPortRange: 16384-60999', /takes two ports in one string/],
    ['netIpv4IpLocalPortRange: 60000 40000', /takes two ports in one string/],
    ['netIpv4IpLocalPortRange: 100 60999', /takes two ports in one string/],
    ['net.core.somaxconn: 8192', /is no sysctl that AKS takes; did you mean netCoreSomaxconn\?/],
    ['netFuture: 1', /netFuture is no sysctl that AKS takes/],
    ['constructor: 1', /constructor is no sysctl that AKS takes/],
    ['netIpv4TcpTwReuse: false', /has an input of its own: tw-reuse/],
    ['netNetfilterNfConntrackMax: 200000', /has an input of its own: conntrack-max/],
    ['- netCoreSomaxconn', /no map of names and values/],
    ['a: [', /neither YAML nor JSON/],
  ])('refuses %j', (text, message) => {
    expect(() => readLinuxOsSysctls(text)).toThrow(message)
  })

  test('names every problem at once', () => {
    expect(() => readLinuxOsSysctls('{"a": 1, "netCoreSomaxconn": 1, "b": 2}')).toThrow(
      /a is no.*not 1; b is no/,
    )
  })
})

describe('the input kubelet-allowed-unsafe-sysctls', () => {
  test('takes what AKS lets a kubelet allow, each once', () => {
    const names = [
      'net.ipv4.tcp_tw_reuse',
      'kernel.shm*',
      'net.*',
      'net.*',
      'fs.mqueue.msg_max',
      'kernel.sem',
    ]
    expect(readUnsafeSysctls(names)).toEqual([...new Set(names)].sort())
  })

  test.each(['vm.swappiness', 'kernel.pid_max', 'fs.file-max', '*'])('refuses %s', (name) => {
    expect(() => readUnsafeSysctls([name])).toThrow(`AKS does not let pods set ${name}`)
  })
})
