/**
 * Every place in the documentation that a message points to, in one list; a test checks that each exists. The
 * pages lie in docs/, the README beside it.
 */
export const DOCS_PAGES = [
  'README.md#inputs',
  'azure.md#guard-rail',
  'azure.md#oidc',
  'azure.md#private-clusters',
  'azure.md#proxies',
  'azure.md#rights',
  'azure.md#signing-in',
  'azure.md#troubleshooting',
  'permissions.md',
  'troubleshooting.md#401-unauthorized',
  'troubleshooting.md#exec-plugins',
  'troubleshooting.md#proxies',
  'troubleshooting.md#the-api-server-cannot-be-reached',
  'troubleshooting.md#the-kubeconfig',
  'troubleshooting.md#the-report-to-restore-from-cannot-be-used',
] as const
export type DocsPage = (typeof DOCS_PAGES)[number]

/**
 * Where a reader finds the page: an address where the runner says from which repository and ref the action
 * came (`GITHUB_ACTION_REPOSITORY` and `GITHUB_ACTION_REF` are empty for `uses: ./`), else the path of the file.
 */
export function docsAddress(page: DocsPage, environment: NodeJS.ProcessEnv): string {
  const path = page.startsWith('README') ? page : `docs/${page}`
  const {
    GITHUB_ACTION_REPOSITORY: repository = '',
    GITHUB_ACTION_REF: ref = '',
    GITHUB_SERVER_URL: server = 'https://github.com',
  } = environment
  const known = /^[\w.-]+\/[\w.-]+$/.test(repository) && /^[\w./-]+$/.test(ref)
  return known ? `${server}/${repository}/blob/${ref}/${path}` : path
}
