/** Of more names than this only the first are looked through: the rest would cost seconds, and no reader would miss them. */
const MOST_NAMES = 5_000

/**
 * The names that are most like `name`, best first, at most three: those that contain it or differ from it in
 * few letters. Empty if nothing is like it.
 */
export function nearestNames(name: string, present: readonly string[]): string[] {
  const limit = Math.max(1, Math.floor(name.length / 3))
  return byDistance(name, present)
    .filter(({ distance }) => distance <= limit)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** All of `present`, those that are most like `name` first. */
export function nearestFirst(name: string, present: readonly string[]): string[] {
  return byDistance(name, present).map(({ candidate }) => candidate)
}

function byDistance(name: string, present: readonly string[]): { candidate: string; distance: number }[] {
  const wanted = name.toLowerCase()
  return present
    .map((candidate, index) => {
      const distance =
        index < MOST_NAMES ? distanceOf(wanted, candidate.toLowerCase()) : Number.POSITIVE_INFINITY
      return { candidate, distance }
    })
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
}

/** Levenshtein distance; 1 where one contains the other, however much longer that is. */
function distanceOf(a: string, b: string): number {
  if (a === b) return 0
  if (a.length > 1 && b.length > 1 && (a.includes(b) || b.includes(a))) return 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(substituted, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}
