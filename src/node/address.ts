/**
 * The text of an address as /proc/net/tcp and tcp6 write it: 32-bit words in the byte order of the machine,
 * which is little-endian on every node that Azure offers. IPv6 comes in its shortest form (RFC 5952),
 * IPv4-mapped IPv6 as IPv4. Undefined for anything but 8 or 32 upper-case hex digits.
 */
export function addressFromHex(hex: string): string | undefined {
  if (!/^([0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return undefined
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)).reverse(),
  )
  const mapped =
    bytes.length === 16 && bytes.slice(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255
  if (bytes.length === 4 || mapped) return bytes.slice(-4).join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  return shortestIpv6(groups)
}

function shortestIpv6(groups: number[]): string {
  const { start, length } = longestZeroRun(groups)
  const text = groups.map((group) => group.toString(16))
  if (length < 2) return text.join(':')
  return `${text.slice(0, start).join(':')}::${text.slice(start + length).join(':')}`
}

/** The first of the longest runs, as RFC 5952 wants it. */
function longestZeroRun(groups: number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, index) => {
    if (group !== 0) start = index + 1
    else if (index - start + 1 > best.length) best = { start, length: index - start + 1 }
  })
  return best
}
