/** A neighbour's panel at an address of its own, which says what the test wants. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Gone with the test; counts who asks. */
export async function neighbour(address: string, answer: RequestListener) {
  const asked = { count: 0 };
  const server = createServer((request, response) => {
    asked.count += 1;
    answer(request, response);
  });
  await once(server.listen(0, address), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, peer: { host: address, port: (server.address() as AddressInfo).port } };
}
