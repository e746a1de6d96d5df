/** What the services on the web answer: a proxy that wants a login, a panel of virtual machines, a graph server. */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

export interface WebAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
}

/** As squid answers without an account; X-Squid-Error and Via are its signature. */
export function answerProxy(_: IncomingMessage, host: string): WebAnswer {
  const headers = {
    Server: 'squid/5.7',
    'Content-Type': 'text/html;charset=utf-8',
    'X-Squid-Error': 'ERR_CACHE_ACCESS_DENIED 0',
    'Proxy-Authenticate': 'Basic realm="guifi-proxy3 federated"',
    Via: `1.1 ${host} (squid/5.7)`,
  };
  return { status: 407, headers, body: '<h1>Cache Access Denied</h1>\n' };
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
