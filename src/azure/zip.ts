import { crc32, deflateRawSync } from 'node:zlib'

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
/** Version 2.0: what deflate needs. */
const VERSION = 20
const UTF8_NAMES = 0x0800
const DEFLATE = 8
/** 1980-01-01, the first day that a zip knows: the same files give the same bytes. */
const DATE = 0x0021

/**
 * A zip file with these contents, names as given. For a handful of small files: no zip64.
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 */
export function zip(files: Record<string, string | Uint8Array>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, content] of Object.entries(files)) {
    const data = Buffer.from(content)
    const packed = deflateRawSync(data)
    const nameBytes = Buffer.from(name, 'utf8')
    const common = Buffer.alloc(26)
    common.writeUInt16LE(VERSION, 0)
    common.writeUInt16LE(UTF8_NAMES, 2)
    common.writeUInt16LE(DEFLATE, 4)
    common.writeUInt16LE(0, 6)
    common.writeUInt16LE(DATE, 8)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(nameBytes.length, 22)
    const local = Buffer.concat([number32(LOCAL), common, nameBytes, packed])
    parts.push(local)
    directory.push(
      Buffer.concat([
        number32(CENTRAL),
        number16(VERSION),
        common,
        Buffer.alloc(10),
        number32(offset),
        nameBytes,
      ]),
    )
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const count = number16(directory.length)
  const end = [
    number32(END),
    Buffer.alloc(4),
    count,
    count,
    number32(central.length),
    number32(offset),
    number16(0),
  ]
  return Buffer.concat([...parts, central, ...end])
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
