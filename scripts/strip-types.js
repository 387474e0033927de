// Jest transformer: Node's own type stripping. It keeps every line and column, so no source map is needed.
import { stripTypeScriptTypes } from 'node:module'

export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
}
