/** How a program in a container is used, by what the last probe found, or else by its image. */
import { endpoint } from '../../lib/endpoint.js';
import { webAddress } from '../../probe/web.js';
import type { Hole, Texts, Usable, UseStep } from '../contract.js';
import { pageSteps } from '../steps.js';
import { nameOf } from './conversations.js';
import { toProgram } from './images.js';
import { REGISTRY, TRACKER } from './pages.js';

const word = (name: string, label: Texts): Hole => ({ name, label, pattern: '[A-Za-z0-9_][A-Za-z0-9_.]{0,62}' });
const USER = word('user', { ca: 'El vostre usuari', es: 'Su usuario', en: 'Your user name', de: 'Dein Benutzername' });
const DATABASE = word('database', {
  ca: 'La base de dades',
  es: 'La base de datos',
  en: 'The database',
  de: 'Die Datenbank',
});

const ACCOUNT: UseStep = {
  kind: 'note',
  label: {
    ca: 'Potser cal un compte: demaneu-lo a qui el manté.',
    es: 'Quizá haga falta una cuenta: pídala a quien lo mantiene.',
    en: 'It may take an account: ask whoever runs it.',
    de: 'Vielleicht brauchst du ein Konto: Frag den Betreiber.',
  },
};

const client = (name: string): Texts => ({
  ca: `Per a un programa que parli ${name}`,
  es: `Para un programa que hable ${name}`,
  en: `For a program that speaks ${name}`,
  de: `Für ein Programm, das ${name} spricht`,
});

/** By what it speaks; the address is literal, and the port a number. */
const STEPS: Readonly<Record<string, (provider: Usable, at: string) => readonly UseStep[]>> = {
  MQTT: (_, at) => [ACCOUNT, { kind: 'copy', label: client('MQTT'), text: `mqtt://${at}` }],
  PostgreSQL: ({ address, port }) => [
    ACCOUNT,
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Amb el paquet postgresql-client',
        es: 'Con el paquete postgresql-client',
        en: 'With the package postgresql-client',
        de: 'Mit dem Paket postgresql-client',
      },
      text: `psql -h ${address} -p ${port} -U <user> <database>`,
      holes: [USER, DATABASE],
    },
  ],
  Redis: ({ address, port }) => [
    ACCOUNT,
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Amb el paquet redis-tools',
        es: 'Con el paquete redis-tools',
        en: 'With the package redis-tools',
        de: 'Mit dem Paket redis-tools',
      },
      text: `redis-cli -h ${address} -p ${port}`,
    },
  ],
  [REGISTRY]: (_, at) => [
    {
      kind: 'copy',
      on: 'linux',
      label: {
        ca: 'Va davant del nom d’una imatge. Si no té HTTPS, l’opció insecure-registries del Docker l’ha d’admetre',
        es: 'Va delante del nombre de una imagen. Si no tiene HTTPS, la opción insecure-registries de Docker debe admitirlo',
        en: 'Goes before the name of an image. Without HTTPS, Docker’s option insecure-registries must allow it',
        de: 'Kommt vor den Namen eines Images. Ohne HTTPS muss Dockers Option insecure-registries es erlauben',
      },
      text: `${at}/`,
    },
  ],
  [TRACKER]: (provider) => [
    {
      kind: 'copy',
      label: {
        ca: 'Adreça del rastrejador, per al vostre programa de torrents',
        es: 'Dirección del rastreador, para su programa de torrents',
        en: 'Address of the tracker, for your torrent program',
        de: 'Adresse des Trackers, für dein Torrent-Programm',
      },
      text: `${webAddress(provider)}/announce`,
    },
  ],
};

/** A page to open, unless it is known, or said, to be something else. */
export function steps(provider: Usable): readonly UseStep[] {
  const at = endpoint(provider);
  const web = webAddress(provider);
  if (at === null || web === null) return [];
  const { facts, description } = provider;
  const spoken = facts === undefined ? nameOf(toProgram(description)) : facts.speaks;
  const known = spoken && Object.hasOwn(STEPS, spoken) ? STEPS[spoken] : undefined;
  if (known) return known(provider, at);
  return pageSteps(
    { ca: 'Obriu l’aplicació', es: 'Abra la aplicación', en: 'Open the application', de: 'Anwendung öffnen' },
    `${web}/`,
  );
}
