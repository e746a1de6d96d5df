/** The answer that takes the most work to read, for each protocol: the decoders of the probes must cope with it. */
import { lzwEncode } from '../lib/lzw-encoder.js';

const compound = (parts: readonly Buffer[]) => {
  const lengths = parts.map(({ length }) => Buffer.of(length >> 8, length & 0xff));
  return Buffer.concat([Buffer.of(7, parts.length), ...lengths, ...parts]);
};

function compressed(message: Buffer): Buffer {
  const packed = lzwEncode(message);
  const text = (word: string) => Buffer.concat([Buffer.of(0xa0 | word.length), Buffer.from(word)]);
  const length = Buffer.of(0xda, packed.length >> 8, packed.length & 0xff);
  return Buffer.concat([Buffer.of(9, 0x82), text('Algo'), Buffer.of(0), text('Buf'), length, packed]);
}

/** Compressed bundles of compressed bundles, each as large as may be unpacked at once. */
export const bundles: Buffer = (() => {
  const within = (part: Buffer) =>
    compound(Array.from({ length: Math.min(255, Math.floor(15_000 / (part.length + 2))) }, () => part));
  return within(compressed(within(compressed(Buffer.alloc(16_000)))));
})();

/** An answer to that DNS question with many records, each named by the end of a chain of pointers that fills the rest. */
export function chainOfNames(question: Buffer, size: number, records: number): Buffer {
  const answer = Buffer.from(question);
  // An authority's, that it failed: not taken for a good one.
  answer.set([0x84, 0x02], 2);
  answer.writeUInt16BE(records, 6);
  const record = (data: number) => Buffer.from([0, 10, 0, 1, 0, 0, 0, 0, data >> 8, data & 0xff]);
  const links = Math.floor(Math.min(0x3fff, size - answer.length - 12 * records) / 2) - 20;
  const start = answer.length + 11;
  const chain = Buffer.alloc(2 * links);
  for (let link = 0; link < links; link++)
    chain.writeUInt16BE(0xc000 | (link === 0 ? 12 : start + 2 * (link - 1)), 2 * link);
  const end = Buffer.alloc(2);
  end.writeUInt16BE(0xc000 | (start + 2 * (links - 1)));
  const others = Array.from({ length: records - 1 }, () => Buffer.concat([end, record(0)]));
  return Buffer.concat([answer, Buffer.of(0), record(chain.length), chain, ...others]);
}

/** As many headers as a head has room for, and a body that begins over and over what is looked for in it. */
export const page: Buffer = Buffer.from(
  `HTTP/1.1 200 OK\r\nServer: x\r\n${'a:b\r\n'.repeat(2_900)}\r\n${'<title> OpenVZ Announcement Summary:'.repeat(2_000)}`,
);
