import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { bypasses, parseProxy, proxyFromEnvironment, withoutCredentials } from '../../src/cluster/proxy.ts'
import { UserError } from '../../src/errors.ts'

const aks = new URL('https://aks-1.hcp.westeurope.azmk8s.io:443')
const proxyOf = (env: Record<string, string>, target = aks) => proxyFromEnvironment(target, env)?.href

describe('the proxy of the environment', () => {
  test.each([
    ['HTTPS_PROXY', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
    ['https_proxy', { https_proxy: 'http://p:2' }, 'http://p:2/'],
    [
      'HTTPS_PROXY before https_proxy',
      { HTTPS_PROXY: 'http://p:1', https_proxy: 'http://p:2' },
      'http://p:1/',
    ],
    [
      'https_proxy where HTTPS_PROXY is blank',
      { HTTPS_PROXY: ' ', https_proxy: 'http://p:2' },
      'http://p:2/',
    ],
    ['one without a scheme', { HTTPS_PROXY: 'p:3128' }, 'http://p:3128/'],
    ['an https:// one', { HTTPS_PROXY: 'https://p' }, 'https://p/'],
    ['none for https when only HTTP_PROXY is there', { HTTP_PROXY: 'http://p:1' }, undefined],
    ['none where NO_PROXY names the host', { HTTPS_PROXY: 'p:1', NO_PROXY: '.azmk8s.io' }, undefined],
    ['none where no_proxy names the host', { HTTPS_PROXY: 'p:1', no_proxy: 'azmk8s.io' }, undefined],
  ])('is %s', (_name, env, expected) => {
    expect(proxyOf(env as Record<string, string>)).toBe(expected)
  })

  test('is HTTP_PROXY for http', () => {
    expect(proxyOf({ HTTP_PROXY: 'http://p:1' }, new URL('http://k8s.example'))).toBe('http://p:1/')
  })

  test.each(['https://localhost:6443', 'https://127.0.0.1:6443', 'https://127.8.9.1', 'https://[::1]:6443'])(
    'is none for %s, as in kubectl',
    (target) => {
      expect(proxyOf({ HTTPS_PROXY: 'http://p:1' }, new URL(target))).toBeUndefined()
    },
  )

  test.each([
    'socks5://p:1080',
    'ftp://p',
    'http://',
    'http://me:50%off@p',
    'http://50%:x@p',
    'http://me:%ff@p',
  ])('that cannot be used (%s) is a clear error', (value) => {
    expect(() => proxyOf({ HTTPS_PROXY: value })).toThrow(UserError)
    expect(() => parseProxy(value, 'here')).toThrow(/^The proxy cannot be used \(here\)/)
  })

  test('is shown without its credentials, in errors too', () => {
    expect(withoutCredentials(new URL('http://me:secret@p:8080'))).toBe('http://p:8080')
    expect(() => parseProxy('socks5://me:secret@p', 'x')).toThrow(expect.not.stringContaining('secret'))
  })
})

describe('NO_PROXY', () => {
  test.each([
    ['https://api.example.com', 'example.com', true],
    ['https://example.com', 'example.com', true],
    ['https://badexample.com', 'example.com', false],
    ['https://api.example.com', '.example.com', true],
    ['https://example.com', '.example.com', false],
    ['https://api.example.com', '*.example.com', true],
    ['https://example.com', '*.example.com', false],
    ['https://API.Example.com', 'api.EXAMPLE.com', true],
    ['https://api.example.com.', 'api.example.com', true],
    ['https://api.example.com', 'example.com.', true],
    ['https://api.example.com', '*', true],
    ['https://api.example.com', ' a.b , example.com ', true],
    ['https://api.example.com', 'a.b example.com', true],
    ['https://api.example.com', 'example.com:443', true],
    ['https://api.example.com:6443', 'example.com:443', false],
    ['https://api.example.com:6443', 'example.com:6443', true],
    ['https://api.example.com', 'http://example.com', false],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.3:6443', '10.1.2.3:443', false],
    ['https://10.1.2.34', '10.1.2.3', false],
    ['https://host.10.1.2.3.example', '10.1.2.3', false],
    ['https://[fd00::1]', 'fd00::/8', true],
    ['https://[fd00::1]', 'fd00::1', true],
    ['https://[fd00::1]', 'fd00:0:0::1', true],
    ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
    ['https://[fd00::1]:6443', '[fd00::1]:443', false],
    ['https://10.1.2.3', '10.0.0.0/99', false],
    ['https://10.1.2.3', '10.0.0.0/x', false],
    ['https://aks.example', '10.0.0.0/8', false],
    ['https://aks.example', '', false],
    ['https://aks.example', ',,', false],
    ['https://aks.example', '.', false],
  ])('for %s with %j: %s', (target, noProxy, expected) => {
    expect(bypasses(new URL(target), noProxy)).toBe(expected)
  })

  test('whatever it holds gives an answer, and one more entry never takes a bypass away', () => {
    const entry = fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant('*'))
    fc.assert(
      fc.property(fc.domain(), fc.array(entry), entry, (host, entries, more) => {
        const target = new URL(`https://${host}`)
        if (bypasses(target, entries.join(','))) {
          expect(bypasses(target, [...entries, more].join(','))).toBe(true)
        }
      }),
    )
  })
})
