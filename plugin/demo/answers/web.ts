/** What the services on the web answer: proxies, a panel of virtual machines, a graph server, pages, a cloud of files. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Member } from '../community.js';
import { hostName } from '../members.js';

export interface WebAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** As programs call themselves. */
export const SOFTWARE = {
  site: 'lighttpd/1.4.69',
  cloud: 'Nextcloud 31.0.4',
  exchange: 'Asterisk PBX 20.9.3',
} as const;

/** As squid answers without an account; X-Squid-Error and Via are its signature. */
export function answerProxy(_: IncomingMessage, { node, behaves }: Member): WebAnswer {
  if (behaves === 'generic') return answerOpenProxy(node);
  const host = hostName(node);
  const headers = {
    Server: 'squid/5.7',
    'Content-Type': 'text/html;charset=utf-8',
    'X-Squid-Error': 'ERR_CACHE_ACCESS_DENIED 0',
    'Proxy-Authenticate': 'Basic realm="guifi-proxy3 federated"',
    Via: `1.1 ${host} (squid/5.7)`,
  };
  return { status: 407, headers, body: '<h1>Cache Access Denied</h1>\n' };
}

/** As squid answers anybody of what it has not kept and may not fetch. */
function answerOpenProxy(node: string): WebAnswer {
  const headers = {
    Server: 'squid/5.7',
    'Content-Type': 'text/html;charset=utf-8',
    'X-Squid-Error': 'ERR_ONLY_IF_CACHED_MISS 0',
    Via: `1.1 ${node} (squid/5.7)`,
  };
  return { status: 504, headers, body: '<h1>Gateway Timeout</h1>\n' };
}

const LOGIN_PAGE = `<html><head><title>Inici de sessió - OpenVZ Web Panel 2.5</title></head>
<body><div id='login-window'></div></body></html>
`;

/** Every path of OpenVZ Web Panel leads to its login page. */
export function answerPanel(): WebAnswer {
  const headers = {
    Server: 'WEBrick/1.3.1 (Ruby/1.8.7/2011-06-30)',
    'Content-Type': 'text/html; charset=utf-8',
    'Set-Cookie': ['locale=ca; path=/', '_owp_session=demo; path=/; HttpOnly'],
  };
  return { status: 200, headers, body: LOGIN_PAGE };
}

/** SNPgraphs says its version as a bare text; any other call gets the first lines of its help. */
export function answerGraphs({ url }: IncomingMessage): WebAnswer {
  const headers = { Server: 'Apache/2.4.62 (Debian)', 'Content-Type': 'text/plain;charset=UTF-8' };
  const isVersion = url === '/snpservices/index.php?call=version';
  return { status: 200, headers, body: isVersion ? '0.2.3' : 'CNML services\nVersion: 0.2.3\n' };
}

/** A page with a title; one that is out of order is busy. */
export function answerSite(_: IncomingMessage, { description, behaves }: Member): WebAnswer {
  const headers = { Server: SOFTWARE.site, 'Content-Type': 'text/html; charset=utf-8' };
  const title = behaves === 'breaks' ? '503 Service Unavailable' : description;
  const body = `<!doctype html><title>${title}</title><h1>${title}</h1>\n`;
  return { status: behaves === 'breaks' ? 503 : 200, headers, body };
}

/** Nextcloud says its state to everybody; one that is out of order is in maintenance. */
export function answerCloud({ url = '' }: IncomingMessage, { behaves }: Member): WebAnswer {
  const headers = { Server: 'Apache/2.4.62 (Debian)', 'Content-Type': 'application/json' };
  if (!url.endsWith('/status.php')) return { status: 302, headers: { ...headers, Location: '/login' }, body: '' };
  const [productname = '', versionstring = ''] = SOFTWARE.cloud.split(' ');
  const state = { installed: true, maintenance: behaves === 'breaks', needsDbUpgrade: false };
  const body = JSON.stringify({ ...state, version: `${versionstring}.1`, versionstring, edition: '', productname });
  return { status: 200, headers, body };
}
