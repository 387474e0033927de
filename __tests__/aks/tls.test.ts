import { X509Certificate } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { createAuthority } from './tls.ts'

test('a certificate is signed by its authority and good for its hosts only', () => {
  const ca = createAuthority()
  const authority = new X509Certificate(ca.certificate)
  const issued = ca.issue({
    commonName: 'api',
    organizations: ['a', 'b'],
    hosts: ['127.0.0.1', '::1', 'aks.local'],
  })
  const certificate = new X509Certificate(issued.certificate)
  expect(certificate.checkIssued(authority)).toBe(true)
  expect(certificate.verify(authority.publicKey)).toBe(true)
  expect(certificate.verify(new X509Certificate(createAuthority().certificate).publicKey)).toBe(false)
  expect(certificate.subject.split('\n')).toEqual(['O=a', 'O=b', 'CN=api'])
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1')
  expect(certificate.checkIP('::1')).toBe('::1')
  expect(certificate.checkHost('aks.local')).toBe('aks.local')
  expect(certificate.checkHost('other.local')).toBeUndefined()
  expect(authority.ca).toBe(true)
  expect(certificate.ca).toBe(false)
})

test('a certificate is good from and until when it was asked to be', () => {
  const notBefore = new Date('2026-01-02T03:04:05Z')
  const notAfter = new Date('2027-01-02T03:04:05Z')
  const { certificate } = createAuthority().issue({ commonName: 'x', notBefore, notAfter })
  const { validFrom, validTo } = new X509Certificate(certificate)
  expect([new Date(validFrom), new Date(validTo)]).toEqual([notBefore, notAfter])
})
