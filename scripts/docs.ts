/** `npm run docs`: brings the tables of the README up to date with action.yml. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withTables } from './readme-tables.ts'
import { root } from './run-action.ts'

const path = join(root, 'README.md')
const before = readFileSync(path, 'utf8')
const after = withTables(before, readFileSync(join(root, 'action.yml'), 'utf8'))
writeFileSync(path, after)
process.stdout.write(after === before ? 'README.md is up to date.\n' : 'README.md was changed.\n')
