/** Heads and bodies as curl reads them: what it took (7.88.1, tried with each of these bytes) is an answer, what it refused is none. */
import { describe, expect, it } from 'vitest';
import { type HttpQuestion, httpOnce } from '../../plugin/probe/http.js';
import { BodyReader, HeadReader } from '../../plugin/probe/http-answer.js';
import { isFailed } from '../../plugin/probe/index.js';
import { context, tcpServer } from './servers.js';

const PAGE: HttpQuestion = { method: 'GET', path: '/', bodyCap: 100 };
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Status and body; the reason where there is no answer. */
function read(bytes: Buffer, pieceLength: number) {
  const reader = new HeadReader(false);
  let head: ReturnType<HeadReader['read']> = null;
  let body: BodyReader | null = null;
  for (let at = 0; at < bytes.length; at += pieceLength) {
    const piece = bytes.subarray(at, at + pieceLength);
    if (body) body.read(piece);
    else head = reader.read(piece);
    if (head && isFailed(head)) return head.reason;
    if (head && !body) {
      body = new BodyReader(head, 100);
      body.read(head.rest);
    }
  }
  body?.end();
  const status = (head ?? reader.end())?.status;
  return status === undefined ? 'closed' : `${status} ${body?.result().body ?? ''}`;
}

const READ: readonly (readonly [string, string, string])[] = [
  ['lines that end with LF alone', 'HTTP/1.1 200 OK\nServer: mini\nContent-Length: 2\n\nhi', '200 hi'],
  ['lines of both kinds', 'HTTP/1.1 200 OK\r\nServer: mini\nContent-Length: 2\r\n\nhi', '200 hi'],
  ['two CR before each LF', 'HTTP/1.1 200 OK\r\r\nServer: x\r\r\n\r\r\nhi', '200 hi'],
  ['a status without reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi', '200 hi'],
  ['a status with a space and no reason', 'HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi', '200 hi'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\nhi', '200 hi'],
  ['its name in small letters', 'http/1.1 200 OK\r\n\r\nhi', '200 hi'],
  ['version 1.0', 'HTTP/1.0 200 OK\r\n\r\nhi', '200 hi'],
  ['version 2 without a point', 'HTTP/2 200\r\n\r\nhi', '200 hi'],
  ['a status that nobody has defined', 'HTTP/1.1 666 OK\r\n\r\nhi', '666 hi'],
  ['no space behind the colon', 'HTTP/1.1 200 OK\r\nContent-Length:2\r\n\r\nhi', '200 hi'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nhi!', '200 hi'],
  ['a folded header', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\n\td\r\nContent-Length: 2\r\n\r\nhi', '200 hi'],
  ['a header without a name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\nhi', '200 hi'],
  ['letters that are no ASCII', 'HTTP/1.1 200 D\xe9j\xe0\r\nX-\xff: \xff\xfe\r\n\r\nhi', '200 hi'],
  ['a length that is too long', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi', '200 hi'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi', '200 hi'],
  ['more than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi and more', '200 hi'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhi', '200 hi'],
  ['two interim answers', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(2)}HTTP/1.1 200 OK\r\n\r\nhi`, '200 hi'],
  ['no end of its head', 'HTTP/1.1 200 OK\r\nServer: x\r\n', '200 '],
  ['a status line and nothing else', OK, '200 '],
  ['chunks', `${CHUNKED}2\r\nhi\r\n1;a=b\r\n!\r\n0\r\n\r\n`, '200 hi!'],
  ['chunks whose lines end with LF', `${CHUNKED}2\nhi\n0\n\n`, '200 hi'],
  ['chunks with zeros and spaces', `${CHUNKED}0002 \r\nhi\r\n0\r\n\r\n`, '200 hi'],
  ['chunks without end', `${CHUNKED}2\r\nhi\r\n`, '200 hi'],
  ['a length and chunks', `${CHUNKED.replace('\n', '\nContent-Length: 9\r\n')}2\r\nhi\r\n0\r\n\r\n`, '200 hi'],
  ['something else where a chunk should begin', `${CHUNKED}hello`, '200 '],
];

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['a page without a head', '<html>hi</html>', 'wrong-protocol'],
  ['a version that does not exist', 'HTTP/1.2 200 OK\r\n\r\nhi', 'wrong-protocol'],
  ['version 3 on TCP', 'HTTP/3.0 200 OK\r\n\r\nhi', 'wrong-protocol'],
  ['a status of two digits', 'HTTP/1.1 99 OK\r\n\r\nhi', 'wrong-protocol'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\nhi', 'wrong-protocol'],
  ['an empty line first', '\r\nHTTP/1.1 200 OK\r\n\r\nhi', 'wrong-protocol'],
  ['a space first', ' HTTP/1.1 200 OK\r\n\r\nhi', 'wrong-protocol'],
  ['the word of a radio station', 'ICY 200 OK\r\n\r\nhi', 'wrong-protocol'],
  ['a line without a colon', 'HTTP/1.1 200 OK\r\nno colon here\r\n\r\nhi', 'wrong-protocol'],
  ['a zero byte', 'HTTP/1.1 200 OK\r\nX-A: \0\r\n\r\nhi', 'wrong-protocol'],
  ['a fold with nothing before it', 'HTTP/1.1 200 OK\r\n X: b\r\n\r\nhi', 'wrong-protocol'],
  ['nine interim answers', `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(9)}HTTP/1.1 200 OK\r\n\r\nhi`, 'wrong-protocol'],
  ['a protocol that nobody asked for', 'HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n', 'wrong-protocol'],
  ['half a status line', 'HTTP/1.1 200 OK', 'closed'],
  ['an alert of TLS', '\x15\x03\x03\x00\x02\x02\x28', 'wrong-protocol'],
  ['a head of 17 kB', `${OK}${'X: y\r\n'.repeat(2_900)}\r\nhi`, 'too-large'],
];

describe('an HTTP answer', () => {
  it.each([...READ, ...REFUSED])('with %s', (_, text, expected) => {
    const bytes = Buffer.from(text, 'latin1');
    expect([bytes.length, 7, 1].map((length) => read(bytes, length))).toEqual([expected, expected, expected]);
  });

  it('joins what is folded and what comes twice, and knows names in any case', () => {
    const head = new HeadReader(false).read(Buffer.from('HTTP/1.1 200 OK\nX-A: b\n c\nx-a:d\n\n'));
    expect(head && !isFailed(head) && [...head.headers]).toEqual([['x-a', 'b c, d']]);
  });

  it('is whole only where its end is known to be its end', () => {
    const whole = (head: string, body: string) => {
      const read = new HeadReader(false).read(Buffer.from(`HTTP/1.1 200 OK\n${head}\n\n${body}`));
      if (!read || isFailed(read)) throw new Error('no head');
      const reader = new BodyReader(read, 100);
      reader.read(read.rest);
      reader.end();
      return reader.result().whole;
    };
    expect(whole('Content-Length: 2', 'hi')).toBe(true);
    expect(whole('Content-Length: 0', '')).toBe(true);
    expect(whole('A: b', 'hi')).toBe(true);
    expect(whole('Transfer-Encoding: chunked', '2\nhi\n0\n\n')).toBe(true);
    expect(whole('Content-Length: 3', 'hi')).toBe(false);
    expect(whole('Transfer-Encoding: chunked', '2\nhi\n')).toBe(false);
    expect(whole('A: b', 'x'.repeat(101))).toBe(false);
  });

  it.each(READ)('over a connection, with %s', async (_, text, expected) => {
    const server = await tcpServer((socket) => socket.once('data', () => socket.end(Buffer.from(text, 'latin1'))));
    const answer = await httpOnce(server, PAGE, context());
    expect(isFailed(answer) ? answer.reason : `${answer.status} ${answer.body}`).toBe(expected);
  });

  it('is never asked for with characters that would end the line', async () => {
    const server = await tcpServer();
    for (const path of ['/a b', '/a\r\nX: y', '/a\0', '/à'])
      await expect(httpOnce(server, { ...PAGE, path }, context())).rejects.toThrow('odd characters');
  });
});
