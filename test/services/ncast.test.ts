/** The one question to a streamer, to the byte, and what counts as its answers. */
import { describe, expect, it } from 'vitest';
import { ncastQuestion, readNcast } from '../../plugin/services/peerstreamer/ncast.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const PEER = '00000007 0200 1771 7f030405 0000000000000000 000000000000000000000000';
const AT_PEER = { address: '127.3.4.5', port: 6001 };
/** Metadata of a buffer map: its kind and whose it is. */
const META = '0a00 0000 0200 1771 7f030405 0000000000000000';

describe('the question', () => {
  it('is the 45 bytes that a streamer survives, with the own address inside and nothing to buffer', () => {
    const question = ncastQuestion({ address: '10.1.2.3', port: 0x1234 });
    expect(question).toHaveLength(45);
    expect(question).toEqual(
      hex(`010101 1001 00000001 0000000c 00000001 0200 1234 0a010203 0000000000000000 ${'00'.repeat(12)}`),
    );
  });
});

describe('an answer', () => {
  it.each([
    ['its peers, itself first', `010101 1002 00000002 0000000c ${PEER} ${PEER}`, { kind: 'peers', first: AT_PEER }],
    ['a question of its own', `010101 1001 00000001 0000000c ${PEER}`, { kind: 'question', first: AT_PEER }],
    ['with any number', `ff0101 1001 00000001 0000000c ${PEER}`, { kind: 'question', first: AT_PEER }],
    [
      'chunks 600 to 609',
      `010101 12 0000000a 00000001 00000014 00000258 ff03 ${META}`,
      { kind: 'chunks', newest: 609 },
    ],
    ['no chunks', `010101 12 00000000 00000001 00000014 ${META}`, { kind: 'chunks', newest: null }],
    ['no chunks from 0', `010101 12 00000000 00000001 00000014 00000000 ${META}`, { kind: 'chunks', newest: null }],
    ['a neighbour', '010101 22 00', { kind: 'neighbour' }],
  ])('%s', (_, bytes, message) => {
    expect(readNcast(hex(bytes))).toEqual(message);
  });

  it.each([
    ['nothing', ''],
    ['a part of several', `010102 1002 00000001 0000000c ${PEER}`],
    ['a peer too many', `010101 1002 00000002 0000000c ${PEER}`],
    ['four thousand million peers', `010101 1002 ffffffff 0000000c ${PEER}`],
    ['no peers', '010101 1002 00000000 0000000c'],
    ['a cut peer', `010101 1002 00000001 0000000c ${PEER}`.slice(0, -2)],
    ['another family of addresses', `010101 1002 00000001 0000000c ${PEER.replace('0200', '0a00')}`],
    ['another kind of topology', `010101 1003 00000001 0000000c ${PEER}`],
    ['a map shorter than it says', `010101 12 0000ffff 00000001 00000014 00000258 ff03 ${META}`],
    ['chunks in another notation', `010101 12 0000000a 00000002 00000014 00000258 ff03 ${META}`],
    ['an offer', `010101 12 0000000a 00000001 00000014 00000258 ff03 ${META.replace('0a', '00')}`],
    ['metadata longer than all', `010101 12 00000000 00000001 ffffffff ${META}`],
    ['an empty signal', '010101 12'],
    ['a chunk', '010101 11 00000001'],
    ['a web server', Buffer.from('HTTP/1.1 400 Bad Request').toString('hex')],
  ])('is not %s', (_, bytes) => {
    expect(readNcast(hex(bytes))).toBeNull();
  });
});
