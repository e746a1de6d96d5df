/** The owner of the installed panel, through its JSON API over the socket. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Answer, Machine } from './machine.js';

/** For a job to end, ms. */
const JOB = 60_000;

export class Owner {
  readonly #machine: Machine;
  #cookie = '';
  #token = '';

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** @throws Error when the password is not taken */
  static async login(machine: Machine, password: string): Promise<Owner> {
    const owner = new Owner(machine);
    owner.#keep(await owner.#send('GET', '/api/v1/session'));
    const answer = await owner.#send('POST', '/api/v1/login', { password });
    if (answer.status !== 200) throw new Error(`login answered ${answer.status}: ${answer.body}`);
    owner.#keep(answer);
    return owner;
  }

  /** What the address says. @throws Error when it answers with an error */
  async get<T>(path: string): Promise<T> {
    const { status, body } = await this.#send('GET', path);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`);
    return JSON.parse(body) as T;
  }

  /** Begins a job and waits for its end. @returns its state, with the error's code where it failed */
  async act(type: string, verb: string, fields: object = {}): Promise<string> {
    const { status, body } = await this.#send('POST', `/api/v1/services/${type}/${verb}`, fields);
    if (status !== 202) throw new Error(`${verb} answered ${status}: ${body}`);
    const { id } = (JSON.parse(body) as { job: { id: string } }).job;
    for (const deadline = Date.now() + JOB; Date.now() < deadline; await wait(100)) {
      const job = await this.get<{ state: string; error: { code: string } | null }>(`/api/v1/jobs/${id}`);
      if (job.state !== 'running') return job.error ? `${job.state}: ${job.error.code}` : job.state;
    }
    throw new Error(`${verb} of ${type} does not end`);
  }

  #send(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const headers = { cookie: this.#cookie, 'x-csrf-token': this.#token };
    const json = body && { 'content-type': 'application/json' };
    return this.#machine.http(method, path, { ...headers, ...json }, body && JSON.stringify(body));
  }

  #keep({ headers, body }: Answer): void {
    this.#cookie = /^[^;]+/.exec(String(headers['set-cookie']))?.[0] ?? this.#cookie;
    this.#token = (JSON.parse(body) as { token: string }).token;
  }
}
