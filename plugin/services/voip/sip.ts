/** One question of SIP (RFC 3261): what the exchange can do, which rings nowhere. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { joinHostPort } from '../../lib/address.js';
import { waitFor } from '../../lib/wait.js';
import { toFailure } from '../../probe/failure.js';
import type { Failed, ProbeContext, Target } from '../../probe/index.js';
import { elapsed } from '../../probe/times.js';

export interface Reply {
  readonly status: number;
  /** As it calls itself; empty where it does not. */
  readonly software: string;
}

interface Question {
  readonly text: string;
  /** null for a text that does not answer it. */
  read(text: string): Reply | null;
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** The exchange must repeat three random words. */
export function question({ address, port }: Target, local: End, transport: 'UDP' | 'TCP'): Question {
  const [branch, tag, call] = [0, 1, 2].map(() => randomBytes(6).toString('hex')) as [string, string, string];
  const [there, here] = [joinHostPort(address, port), joinHostPort(local.address, local.port)];
  const lines = [
    `OPTIONS sip:${there} SIP/2.0`,
    `Via: SIP/2.0/${transport} ${here};branch=z9hG4bK${branch};rport`,
    'Max-Forwards: 70',
    `From: <sip:cloudy@${here}>;tag=${tag}`,
    `To: <sip:${there}>`,
    `Call-ID: ${call}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
  ];
  return { text: `${lines.join('\r\n')}\r\n\r\n`, read: (text) => readReply(text, [`z9hG4bK${branch}`, call]) };
}

/** A final answer to this very question: 1xx only says that one will come. */
function readReply(text: string, [branch = '', call = '']: readonly string[]): Reply | null {
  const [, status] = /^SIP\/2\.0 ([2-6]\d\d) /.exec(text) ?? [];
  const header = (names: string) => new RegExp(`^(?:${names})[ \\t]*:(.*)$`, 'im').exec(text)?.[1]?.trim() ?? '';
  const isOurs =
    header('Via|v').includes(branch) && header('Call-ID|i') === call && /^1\s+OPTIONS$/.test(header('CSeq'));
  if (status === undefined || !isOurs) return null;
  return { status: Number(status), software: header('Server|User-Agent').slice(0, 100) };
}

/** Most that is read of the answers to one question, bytes. */
const ANSWER_CAP = 4_096;
const START = 'SIP/2.0 ';

/** Asks over an open connection, which the caller closes; it can be asked again. */
export function askOver(
  socket: Socket,
  target: Target,
  { signal, times }: ProbeContext,
  limitMs: number,
): Promise<{ readonly value: Reply; readonly ms: number } | Failed> {
  const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  const { text: words, read } = question(target, local, 'TCP');
  return waitFor<{ readonly value: Reply; readonly ms: number } | Failed>({
    signal,
    limitMs,
    atLimit: () => ({ level: 2, reason: 'timeout' }),
    listen: (end) => {
      const started = performance.now();
      let text = '';
      const onData = (chunk: Buffer) => {
        const until = performance.now();
        text += chunk.toString('latin1', 0, ANSWER_CAP - text.length);
        const outcome = readStream(text, read);
        if (outcome !== null)
          end(() => ('reason' in outcome ? outcome : { value: outcome, ms: elapsed(started, times, until) }));
      };
      const onError = (error: NodeJS.ErrnoException) => end(() => ({ ...toFailure(error), level: 2 }));
      const onClose = () => end(() => ({ level: 2, reason: 'closed' }));
      socket.on('data', onData).once('error', onError).once('close', onClose);
      socket.write(words);
      return () => socket.off('data', onData).off('error', onError).off('close', onClose);
    },
  });
}

/** Of all that has come: the last message, which is whole with its empty line, for its body says nothing to us. */
function readStream(text: string, read: Question['read']): Reply | Failed | null {
  const begun = text.trimStart();
  if (!begun.startsWith(START.slice(0, begun.length))) return { level: 2, reason: 'wrong-protocol' };
  const last = text.slice(text.lastIndexOf(START));
  const reply = last.includes('\r\n\r\n') ? read(last) : null;
  if (reply !== null) return reply;
  return text.length >= ANSWER_CAP ? { level: 2, reason: 'too-large' } : null;
}
