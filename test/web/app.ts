/** The web room on an application of its own, and a browser as far as cookies and tokens go. */
import Fastify, { type FastifyInstance, type LightMyRequestResponse } from 'fastify';
import { setOwnerPassword } from '../../plugin/web/auth/password.js';
import { loadTexts, OWN_APP, registerWeb, type Texts, type WebOptions } from '../../plugin/web/index.js';
import { community, type FakeOptions, type FakePanel, fakePanel, NOW, SOURCES } from './fake-panel.js';

export const PASSWORD = 'four words in a row';

export interface TestWeb {
  readonly app: FastifyInstance;
  readonly panel: FakePanel;
}

let texts: Texts | null = null;

/** Read once for all tests of a process: they never change, and name every source of the program. */
export function sharedTexts(): Texts {
  texts ??= loadTexts({ discovery: { sourceTypes: SOURCES } as never });
  return texts;
}

/** An application with thirty DNS servers under the prefix; nothing listens. */
export async function startWeb(
  options: FakeOptions & { prefix?: string; web?: WebOptions; owner?: boolean } = {},
): Promise<TestWeb> {
  const { prefix = '', owner = true } = options;
  const panel = await fakePanel(options);
  panel.lists.set('dnsservice', community('dnsservice'));
  if (owner) await setOwnerPassword(panel.store.settings, PASSWORD);
  const app = Fastify(OWN_APP);
  const web = { now: () => NOW, texts: sharedTexts(), ...options.web };
  await app.register((scope) => registerWeb(scope, panel, web), { prefix });
  app.addHook('onClose', () => panel.close());
  return { app, panel };
}

type Headers = Record<string, string>;

/** Keeps its cookies, and sends the token that the last page or session answer gave. */
export class Visitor {
  readonly cookies = new Map<string, string>();
  token = '';
  readonly #app: FastifyInstance;
  readonly #headers: Headers;

  readonly #address: string;

  /** @param address of its connections */
  constructor({ app }: Pick<TestWeb, 'app'>, headers: Headers = {}, address = '127.0.0.1') {
    this.#app = app;
    this.#headers = headers;
    this.#address = address;
  }

  get(url: string, headers: Headers = {}): Promise<LightMyRequestResponse> {
    return this.#send({ method: 'GET', url, headers });
  }

  /** Sends a form with the visitor's token. */
  post(url: string, fields: Record<string, string> = {}, headers: Headers = {}): Promise<LightMyRequestResponse> {
    const payload = new URLSearchParams({ token: this.token, ...fields }).toString();
    return this.#send({
      method: 'POST',
      url,
      payload,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
  }

  /** Sends JSON with the visitor's token. */
  postJson(url: string, body: object = {}, headers: Headers = {}): Promise<LightMyRequestResponse> {
    return this.#send({
      method: 'POST',
      url,
      payload: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'x-csrf-token': this.token, ...headers },
    });
  }

  /** Logs in as the owner. */
  async login(base = '/'): Promise<this> {
    await this.get(`${base}login`);
    const answer = await this.post(`${base}login`, { password: PASSWORD });
    if (answer.statusCode !== 303) throw new Error(`login answered ${answer.statusCode}`);
    await this.get(base);
    return this;
  }

  async #send({ headers, ...request }: { method: 'GET' | 'POST'; url: string; payload?: string; headers: Headers }) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.#app.inject({
      ...request,
      remoteAddress: this.#address,
      headers: { host: 'node.example:7001', ...(cookie ? { cookie } : {}), ...this.#headers, ...headers },
    });
    for (const { name, value } of answer.cookies) {
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    // As a person reads it: characters that pages write as references.
    const body = answer.body.replace(/&#(\d{3,});/g, (_, code) => String.fromCodePoint(Number(code)));
    Object.defineProperty(answer, 'body', { value: body });
    this.token =
      /name="token" value="([^"]+)"/.exec(answer.body)?.[1] ?? /"token":"([^"]+)"/.exec(answer.body)?.[1] ?? this.token;
    return answer;
  }
}
