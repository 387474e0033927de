import type { CertificateAuthority, KubeconfigOptions, UserSpec } from './types.ts'

/** A kubeconfig of one context, `small-aks`. */
export function kubeconfigFor(
  server: string,
  ca: CertificateAuthority,
  user: UserSpec & { token: string },
  options: KubeconfigOptions,
): string {
  const namespace = options.namespace ? `\n      namespace: ${options.namespace}` : ''
  return `apiVersion: v1
kind: Config
current-context: small-aks
clusters:
  - name: small-aks
    cluster:
      server: ${options.server ?? server}
      certificate-authority-data: ${base64(ca.certificate)}
contexts:
  - name: small-aks
    context:
      cluster: small-aks
      user: ${user.name}${namespace}
users:
  - name: ${user.name}
    user:
${options.credential === 'certificate' ? certificateOf(ca, user) : `      token: ${user.token}\n`}`
}

function certificateOf(ca: CertificateAuthority, user: UserSpec): string {
  const { certificate, key } = ca.issue({ commonName: user.name, organizations: user.groups ?? [] })
  return `      client-certificate-data: ${base64(certificate)}\n      client-key-data: ${base64(key)}\n`
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
