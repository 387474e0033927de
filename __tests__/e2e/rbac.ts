import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAll } from 'js-yaml'
import { root } from '../../scripts/run-action.ts'
import type { Identity, PolicyRule } from '../aks/aks.ts'

interface RoleObject {
  kind: string
  metadata: { name: string; namespace?: string }
  rules: PolicyRule[]
}

/** The rights that a file of deploy/rbac gives to the user that it is bound to. */
export function rightsOf(file: string): Required<Pick<Identity, 'rules' | 'roles'>> {
  const objects = loadAll(readFileSync(join(root, 'deploy/rbac', file), 'utf8')) as RoleObject[]
  return {
    rules: objects.filter(({ kind }) => kind === 'ClusterRole').flatMap(({ rules }) => rules),
    roles: objects
      .filter(({ kind }) => kind === 'Role')
      .map(({ metadata: { namespace = 'default' }, rules }) => ({ namespace, rules })),
  }
}
