/** The Serf tag that tells neighbours where this node's document is: its port, which nodes that know nothing of it ignore. */
import { sizeOfTags, TAGS_LIMIT } from '../announcement/tag-write.js';
import type { Discovery } from '../discovery/index.js';
import { log } from '../lib/log.js';
import type { SettingStore } from '../store/index.js';

export const SHARE_TAG = 'cs';
/** The port in our own tag, as long as there is one. */
const SETTING = 'share-tag';
/** An agent on this machine answers at once or hangs, ms. */
const LIMIT_MS = 1_500;

/** `none`: no agent answers. */
export type TagState = 'set' | 'none' | 'full';

interface TagDeps {
  readonly discovery: Pick<Discovery, 'agent' | 'serfClient' | 'onChange'>;
  readonly settings: Pick<SettingStore, 'get' | 'set'>;
}

export class ShareTag {
  readonly #deps: TagDeps;
  readonly #unsubscribe: () => void;
  /** null = there is to be none. */
  #port: number | null = null;
  #state: TagState = 'none';
  #isUp = false;
  #work: Promise<void> = Promise.resolve();

  /** Does nothing but remove the tag of an earlier run, until there is a port. */
  constructor(deps: TagDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.discovery.onChange(() => this.#onChange());
    this.#onChange();
  }

  get state(): TagState {
    return this.#state;
  }

  /** Tells the port, or that there is none. Resolves once the agent knows, or has not answered. */
  set(port: number | null): Promise<void> {
    this.#port = port;
    return this.#enqueue();
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await this.#work;
  }

  /** An agent that was away has lost it. */
  #onChange(): void {
    const isUp = this.#deps.discovery.agent()?.state === 'up';
    if (isUp && !this.#isUp) void this.#enqueue();
    this.#isUp = isUp;
  }

  #enqueue(): Promise<void> {
    this.#work = this.#work
      .then(() => this.#write())
      .catch((error) => {
        this.#state = 'none';
        if (this.#deps.discovery.agent()?.state === 'up') log.warning(error);
      });
    return this.#work;
  }

  async #write(): Promise<void> {
    const { discovery, settings } = this.#deps;
    const mine = settings.get(SETTING);
    if (this.#port === null && mine === null) return;
    const client = discovery.serfClient();
    const tags = new Map((await client.stats(LIMIT_MS)).get('tags') ?? []);
    if (this.#port === null) {
      if (tags.get(SHARE_TAG) === mine) await client.setTags({}, [SHARE_TAG]);
      settings.set(SETTING, null);
      this.#state = 'none';
      return;
    }
    const port = String(this.#port);
    const isThere = tags.get(SHARE_TAG) === port;
    this.#state = sizeOfTags(tags.set(SHARE_TAG, port)) <= TAGS_LIMIT ? 'set' : 'full';
    if (this.#state === 'full' || isThere) return;
    settings.set(SETTING, port);
    await client.setTags({ [SHARE_TAG]: port });
  }
}
