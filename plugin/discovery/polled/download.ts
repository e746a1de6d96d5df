/** One file by HTTP from an address that the owner has set: capped, no redirect followed, no name or cookie sent. */
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';

/** Most that is read of a list of services, bytes: the largest meshes take a tenth of it. */
const SIZE_CAP = 2 * 1024 * 1024;

/**
 * The whole body. What ends early, goes on for too long or is no 200 throws; no message has more of the address than its host.
 * @throws Error
 */
export async function download(url: URL, signal: AbortSignal): Promise<Buffer> {
  const response = await ask(url, signal);
  try {
    if (response.statusCode !== 200) throw new Error(`${url.host} answers with status ${response.statusCode}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > SIZE_CAP) throw new Error(`the list of ${url.host} is larger than 2 MiB`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    response.destroy();
  }
}

function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const get = url.protocol === 'https:' ? getSecure : getPlain;
  return new Promise((resolve, reject) => {
    get(url, { signal, agent: false, headers: { 'User-Agent': 'cloudy-services' } }, resolve).once('error', reject);
  });
}
