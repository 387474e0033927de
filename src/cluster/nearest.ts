/** `names` ordered by how much they are like `wanted`: by the pairs of letters that they share, then by name. */
export function nearestFirst(wanted: string, names: string[]): string[] {
  const sought = pairsOf(wanted)
  const likeness = (name: string) => {
    const pairs = pairsOf(name)
    const shared = [...pairs].filter((pair) => sought.has(pair)).length
    return shared / (pairs.size + sought.size || 1)
  }
  return names
    .map((name) => ({ name, likeness: likeness(name) }))
    .sort((a, b) => b.likeness - a.likeness || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name)
}

function pairsOf(name: string): Set<string> {
  const letters = ` ${name.toLowerCase().slice(0, 200)} `
  return new Set(Array.from({ length: letters.length - 1 }, (_, index) => letters.slice(index, index + 2)))
}
