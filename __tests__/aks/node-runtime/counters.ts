/** Adds to kernel counters in the text of the files in which the kernel tells them. */

/** Where a counter stands: `conntrack.drop` in net/stat/nf_conntrack, `TcpExt.TW` in net/netstat, … */
export function fileOfCounter(counter: string): 'net/stat/nf_conntrack' | 'net/netstat' | 'net/snmp' {
  const [group] = counter.split('.')
  if (group === 'conntrack') return 'net/stat/nf_conntrack'
  return group === 'TcpExt' || group === 'IpExt' || group === 'MPTcpExt' ? 'net/netstat' : 'net/snmp'
}

/** The file's text with `by` added to the counter. Throws when the file has no such counter. */
export function addToCounter(text: string, counter: string, by: number): string {
  const [group = '', name = ''] = counter.split('.')
  const lines = text.split('\n')
  const changed = group === 'conntrack' ? addToColumn(lines, name, by) : addToPair(lines, group, name, by)
  if (!changed) throw new Error(`No counter ${counter} in this node's files.`)
  return lines.join('\n')
}

/** net/stat/nf_conntrack: a line of headers, then a line of 32-bit hexadecimal numbers for each CPU. */
function addToColumn(lines: string[], name: string, by: number): boolean {
  const column = (lines[0] ?? '').trim().split(/\s+/).indexOf(name)
  const row = lines[1]
  if (column < 0 || row === undefined) return false
  let index = -1
  lines[1] = row.replace(/[0-9a-f]+/gi, (field) => {
    index += 1
    if (index !== column) return field
    return ((Number.parseInt(field, 16) + by) % 2 ** 32).toString(16).padStart(8, '0')
  })
  return index >= column
}

/** netstat and snmp: pairs of lines with the same prefix, names first, then decimal numbers. */
function addToPair(lines: string[], group: string, name: string, by: number): boolean {
  const at = lines.findIndex((line) => line.startsWith(`${group}: `))
  const column = (lines[at] ?? '').split(' ').indexOf(name)
  const fields = (lines[at + 1] ?? '').split(' ')
  const present = fields[column]
  if (at < 0 || column < 0 || present === undefined) return false
  fields[column] = String(BigInt(present) + BigInt(by))
  lines[at + 1] = fields.join(' ')
  return true
}
