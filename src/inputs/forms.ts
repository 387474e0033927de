/** Forms of names that inputs may hold, with the words for the message. */
interface Form {
  pattern: RegExp
  is: string
}

export const GUID: Form = {
  pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  is: 'an id like 00000000-0000-0000-0000-000000000000',
}
export const NAMESPACE: Form = {
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  is: 'a namespace name of lower-case letters, digits and -',
}
export const NODE_NAME: Form = {
  pattern: /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/,
  is: 'a node name of lower-case letters, digits, - and .',
}
export const POOL_NAME: Form = {
  pattern: /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/,
  is: 'a node pool name of lower-case letters and digits',
}
export const SERVICE: Form = {
  pattern: /^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$/,
  is: 'namespace/name, or *',
}
export const SYSCTL: Form = {
  pattern: /^[a-z0-9_]+(\.[a-z0-9_*-]+)*(\.\*)?$/,
  is: 'a sysctl name such as net.ipv4.tcp_tw_reuse, or a pattern such as net.*',
}
