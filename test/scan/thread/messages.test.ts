import { expect, it } from 'vitest';
import { isScarcity, PanelError } from '../../../plugin/model/errors.js';
import { fromPlainError, toPlainError } from '../../../plugin/scan/thread/messages.js';

/** As it arrives in the other thread. */
const across = (error: unknown) => fromPlainError(structuredClone(toPlainError(error)));

it('keeps what tells a want of resources of this node', () => {
  const open = Object.assign(new Error('too many open files'), { code: 'EMFILE', syscall: 'connect' });
  const bind = Object.assign(new Error('no port is free'), { code: 'EADDRINUSE', syscall: 'bind' });
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
  expect([open, bind, refused].map((error) => isScarcity(across(error)))).toEqual([true, true, false]);
});

it('keeps a deliberate error, where it was thrown, and whatever else was thrown', () => {
  const error = new PanelError('bad-service-type', 'It is broken.', 'Correct it.');
  expect(across(error)).toBeInstanceOf(PanelError);
  expect(across(error)).toMatchObject({ code: 'bad-service-type', message: 'It is broken.', hint: 'Correct it.' });
  expect(across(error).stack).toBe(error.stack);
  expect(across(new TypeError('a mistake')).stack).toContain('TypeError: a mistake');
  expect(across('no error at all').message).toBe('no error at all');
});
