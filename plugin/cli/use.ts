/** `use`: how to use the best provider of a type, or the one that a person names, from this machine. */
import { stripVTControlCharacters } from 'node:util';
import { COMMANDS } from '../lib/text.js';
import type { Panel, TypeView } from '../panel/contract.js';
import { providerModel, worthUsing } from '../present/provider.js';
import { providerName } from '../present/row.js';
import { painter } from './colour.js';
import { FAILED, type Io, OK, printJson } from './io.js';
import { assertType, type Show, warn } from './list.js';
import { pickProvider } from './pick.js';
import { plain } from './table.js';
import { PROGRAM } from './usage.js';

type Model = ReturnType<typeof providerModel>;

/**
 * Explanations begin with `#`, so that what follows them can be copied or piped as it is.
 * @param wanted id or name of the provider; null = the recommended one
 * @throws UsageError
 */
export async function useProvider(
  panel: Panel,
  io: Io,
  typeId: string,
  show: Show,
  wanted: string | null,
): Promise<number> {
  const { json, words } = show;
  await panel.discovery.ready();
  assertType(panel, typeId, 'use');
  warn(panel, io, show.words);
  const view = await panel.type(typeId);
  const id = wanted === null ? bestId(view) : pickProvider(view, wanted, 'use').provider.id;
  if (id === null) return tellNone(io, typeId, show);
  const found = await panel.provider(typeId, id);
  const own = await found.view.type.introduce?.(found.ranked.provider);
  const model = providerModel({ ...found, usable: worthUsing(found.view) }, words, panel.time.now(), true, own);
  if (json) printJson(io, model);
  else io.stdout.write(formatSteps(model, io, show));
  return OK;
}

/** The recommended one, else the first that works; null where none is known to. */
function bestId(view: TypeView): string | null {
  return (view.best?.provider ?? worthUsing(view)[0])?.id ?? null;
}

function tellNone(io: Io, typeId: string, { json, words: { t } }: Show): number {
  const [message, hint] = [t('terminal.use.none'), `${PROGRAM} scan ${plain(typeId)}`];
  if (json) printJson(io, { error: { code: 'not-found', message, hint } });
  else io.stderr.write(`${message}\n${hint}\n`);
  return FAILED;
}

/** Done elsewhere than in this terminal. */
const ELSEWHERE: ReadonlySet<unknown> = new Set(['phone', 'desktop', 'router']);

function formatSteps(model: Model, io: Io, { words: { t } }: Show): string {
  const paint = painter(io);
  const { score, address, port, verdictText } = model;
  const name = providerName(model);
  const where = port === null ? address : `${address}:${port}`;
  const points = score === null ? '' : `${Math.round(score)} · `;
  const head = [`# ${plain(name)} · ${plain(where)}`, `# ${points}${plain(verdictText)}`];
  const steps = model.use
    // A picture for a phone's camera is of no use here.
    .filter((step) => step.kind !== 'qr' && !ELSEWHERE.has((step as { readonly on?: unknown }).on))
    .map((step) => {
      const system = step.kind === 'copy' && step.system ? ` (${step.system})` : '';
      const label = paint('dim', `# ${plain(step.label + system, 500)}`);
      if (step.kind === 'copy') return `${label}\n${lines(step.text)}`;
      return step.kind === 'link' ? `${label}\n${plain(step.url, 500)}` : label;
    });
  const none = model.use.length === 0 ? [`# ${t(model.self ? 'terminal.use.own' : 'terminal.use.unknown')}`] : [];
  return `${[head.map((line) => paint('strong', line)).join('\n'), ...steps, ...none].join('\n\n')}\n`;
}

/** Lines to copy: as they are, without what a terminal would obey. */
const lines = (text: string) =>
  stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.replace(COMMANDS, ''))
    .join('\n');
