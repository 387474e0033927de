/** The few ASN.1 DER values that a certificate is made of. */

function lengthOf(size: number): Buffer {
  if (size < 128) return Buffer.from([size])
  const bytes = Buffer.from(size.toString(16).padStart(size < 256 ? 2 : 4, '0'), 'hex')
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

/** Any value by tag and content. */
export function tagged(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

export const sequence = (...content: Buffer[]): Buffer => tagged(0x30, ...content)
export const set = (...content: Buffer[]): Buffer => tagged(0x31, ...content)
export const octets = (content: Buffer): Buffer => tagged(0x04, content)
export const bits = (content: Buffer, unused = 0): Buffer => tagged(0x03, Buffer.from([unused]), content)
export const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text))
export const yes: Buffer = tagged(0x01, Buffer.from([0xff]))

/** A positive integer from its big-endian bytes. */
export function integer(bytes: Buffer): Buffer {
  const first = bytes[0] ?? 0
  return tagged(0x02, first >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f))
    bytes.push(...groups)
  }
  return tagged(0x06, Buffer.from(bytes))
}

/** GeneralizedTime to the second. */
export function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))
}
