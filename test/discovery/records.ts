/** Messages of multicast DNS, byte by byte: what no encoder would write. */

/** A name of these labels. */
export function wireName(...labels: readonly (string | Buffer)[]): Buffer {
  const parts = labels.map((label) => Buffer.from(label as string));
  return Buffer.concat([...parts.flatMap((part) => [Buffer.of(part.length), part]), Buffer.of(0)]);
}

/** @param klass 0x8001 to replace earlier values, 1 to join them @param ttl s @param data text has one byte a character */
export function record(
  name: Buffer,
  type: number,
  klass: number,
  ttl: number,
  data: string | Uint8Array | number[],
): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : Buffer.from(data);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(klass, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(bytes.length, 8);
  return Buffer.concat([name, fixed, bytes]);
}

export const srvData = (port: number, target: Buffer) =>
  Buffer.concat([Buffer.of(0, 0, 0, 0, port >> 8, port & 255), target]);

export function response(answers: readonly Buffer[], additionals: readonly Buffer[] = []): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE(0x8400, 2);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(additionals.length, 10);
  return Buffer.concat([header, ...answers, ...additionals]);
}
