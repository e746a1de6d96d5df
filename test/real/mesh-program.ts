/** The stand-in nodes of a mesh and its few web servers; run in a namespace. Says what it was asked, a line of JSON each. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { ELSEWHERE, NODES, type NodeName, PAGES, sysinfo } from './mesh-lists.js';

const OLD = '/cgi-bin/sysinfo.json';

/** As uhttpd does: in chunks, with no length in front. */
function send(response: ServerResponse, body: Buffer | string): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' });
  response.write(body);
  response.end();
}

const at =
  (path: string, answer: RequestListener): RequestListener =>
  (request, response) => {
    if (request.url?.split('?')[0] === path) answer(request, response);
    else response.writeHead(404).end('No such file or directory');
  };
const lists = (node: Parameters<typeof sysinfo>[0], path: string) =>
  at(path, (_, response) => send(response, sysinfo(node)));
const redirectsTo =
  (url: string): RequestListener =>
  (_, response) =>
    response.writeHead(302, { Location: url }).end();

const today: RequestListener = (request, response) => {
  const answer = request.url?.startsWith(OLD) ? redirectsTo('/a/sysinfo') : lists('today', '/a/sysinfo');
  answer(request, response);
};
const WAYS: Readonly<Record<NodeName, readonly [port: number, answer: RequestListener]>> = {
  today: [80, today],
  older: [80, lists('older', OLD)],
  oldest: [8080, lists('oldest', OLD)],
  bare: [80, lists('bare', OLD)],
  redirects: [80, redirectsTo(`http://${ELSEWHERE}/a/sysinfo`)],
  half: [80, (_, response) => send(response, sysinfo('today').subarray(0, 9_000))],
  huge: [80, (_, response) => send(response, Buffer.alloc(10_000_000, ' '))],
};
const page: RequestListener = (_, response) => response.end('<!doctype html><title>Page</title><p>A page of the mesh');

async function serve(address: string, port: number, answer: RequestListener): Promise<void> {
  const server = createServer((request, response) => {
    response.on('error', () => {});
    console.log(JSON.stringify({ address, url: request.url, headers: request.rawHeaders }));
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
}

await Promise.all([
  ...Object.entries(WAYS).map(([node, [port, answer]]) => serve(NODES[node as NodeName], port, answer)),
  ...[80, 8080].map((port) => serve(ELSEWHERE, port, lists('older', '/a/sysinfo'))),
  ...PAGES.map((address) => serve(address, 80, page)),
]);
console.log('"serving"');
