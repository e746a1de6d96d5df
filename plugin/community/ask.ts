/** One question to one neighbour's panel: capped in bytes and time, no redirect followed, no name of ours sent. */
import { get, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { MAX_BYTES } from './document.js';
import { NEWS_HEADER, PATH } from './listener.js';

/** The whole of it, ms. */
const LIMIT_MS = 5_000;
const MAX_HEADER_BYTES = 4_096;
/** What a question costs at most, both ways and with what TCP adds, bytes. */
export const ASK_BYTES = MAX_BYTES + MAX_HEADER_BYTES + 1_000;

export interface Place {
  /** A literal address. */
  readonly host: string;
  readonly port: number;
}

export interface Answer {
  readonly bytes: Buffer;
  /** Time to connect, ms. */
  readonly rtt: number;
}

/** It sends more than a document may have. */
export class TooLarge extends Error {}

/**
 * One byte more than a document may have is neither read nor unpacked.
 * @param isNews whether the other side is to ask back
 * @throws TooLarge; Error where nobody answers in time, or with another status; the signal's reason
 */
export async function ask(place: Place, signal: AbortSignal, isNews = false): Promise<Answer> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  const { response, rtt } = await request(place, limited, isNews);
  try {
    if (response.statusCode !== 200) throw new Error(`it answers with status ${response.statusCode}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new TooLarge();
      chunks.push(chunk);
    }
    const whole = Buffer.concat(chunks);
    return { bytes: response.headers['content-encoding'] === 'gzip' ? unpack(whole) : whole, rtt };
  } finally {
    response.destroy();
  }
}

function unpack(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? new TooLarge() : error;
  }
}

function request(
  { host, port }: Place,
  signal: AbortSignal,
  isNews: boolean,
): Promise<{ response: IncomingMessage; rtt: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let rtt = 0;
    const headers = { 'Accept-Encoding': 'gzip', ...(isNews && { [NEWS_HEADER]: '1' }) };
    const options = { host, port, path: PATH, headers, signal, agent: false, maxHeaderSize: MAX_HEADER_BYTES };
    get(options, (response) => resolve({ response, rtt }))
      .once('socket', (socket) => {
        socket.once('connect', () => {
          rtt = performance.now() - began;
        });
      })
      // Also of a body that ends early: then nobody listens any more.
      .on('error', reject);
  });
}
