/** What all sources share. */
import { expect, it, vi } from 'vitest';
import { Listeners } from '../../plugin/lib/listeners.js';

it('logs a listener that throws, and still calls the others', () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const listeners = new Listeners<[number]>();
  const heard: number[] = [];
  listeners.add(() => {
    throw new Error('a mistake');
  });
  listeners.add((value) => heard.push(value));
  listeners.call(7);
  expect(heard).toEqual([7]);
  expect(logged).toHaveBeenCalledOnce();
  logged.mockRestore();
});

it('those who want to be last are told after all others, also after those who came later', () => {
  const listeners = new Listeners();
  const order: string[] = [];
  const stop = listeners.addLast(() => order.push('last'));
  listeners.add(() => order.push('first'));
  listeners.call();
  expect(order).toEqual(['first', 'last']);
  stop();
  listeners.call();
  expect(order).toEqual(['first', 'last', 'first']);
});
