import type { Change, RemedyContext } from '../remedy.ts'
import type { Kit } from './options.ts'

export async function undoPools(changes: Change[], kit: Kit, context: RemedyContext): Promise<Change[]> {
  void [kit, context]
  return changes
}
