/** Orders to this node's own Syncthing, through its REST interface on loopback. https://docs.syncthing.net/dev/rest.html */
import { once } from 'node:events';
import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { PanelError } from '../../model/errors.js';

/** Longest wait for an answer, ms. */
const ORDER_LIMIT_MS = 5_000;
/** Longest answer read, characters: one device is a few hundred. */
const MAX_ANSWER = 100_000;

interface Order {
  readonly method: string;
  readonly path: string;
  readonly body: object | undefined;
}

/**
 * One call of the local REST interface: its status (404 included), its text, and the device ID of who answers.
 * @throws PanelError connect-failed where it takes no order
 */
export async function order(
  { url, apiKey }: { readonly url: string; readonly apiKey: string },
  { method, path, body }: Order,
  signal: AbortSignal,
): Promise<{ status: number; text: string; id: string }> {
  const request = url.startsWith('https:') ? requestTls : requestPlain;
  const call = request(`${url}/rest/config/${path}`, {
    method,
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    agent: false,
    // Its certificate is its own; the address is this machine's loopback.
    rejectUnauthorized: false,
    signal: AbortSignal.any([signal, AbortSignal.timeout(ORDER_LIMIT_MS)]),
  });
  try {
    call.end(body && JSON.stringify(body));
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    const text = await readText(answer.setEncoding('utf8'));
    const status = answer.statusCode ?? 0;
    if (status !== 200 && status !== 404) throw new Error(`it answers ${status} ${text.slice(0, 100).trim()}`);
    return { status, text, id: String(answer.headers['x-syncthing-id']) };
  } catch (error) {
    call.destroy();
    throw refusal(url, (error as Error).message, error);
  }
}

async function readText(answer: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of answer) {
    text += part;
    if (text.length > MAX_ANSWER) throw new Error('it answers too much');
  }
  return text;
}

/** It refused an order, for this reason. */
export function refusal(url: string, why: string, cause?: unknown): PanelError {
  const hint = 'Look whether it runs, or add the device with the command shown.';
  return failed(`The Syncthing of this node, at ${url}, took no order: ${why}.`, hint, cause);
}

/** Why this node’s Syncthing cannot be configured, and what to do. */
export const failed = (message: string, hint: string, cause?: unknown) =>
  new PanelError('connect-failed', message, hint, { cause });
