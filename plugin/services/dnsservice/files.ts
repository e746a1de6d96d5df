/** Files for the programs of a machine that resolve names: the best servers in order, as each program writes them. */
import type { ServiceFile, Usable } from '../contract.js';
import { mayResolve, toDnsmasq, withPort } from './use.js';

/** Programs try one after the other, or all at once: more would only make them wait. resolv.conf reads no more than three. */
const LISTED = 5;
const LISTED_IN_RESOLV_CONF = 3;

/** The lines for the servers that look up names; null where there are none. */
function lines(best: readonly Usable[], write: (servers: readonly Usable[]) => string): string | null {
  const servers = best.filter(mayResolve);
  return servers.length === 0
    ? null
    : `# The name servers that serve this node best, as measured by cloudy-services.\n${write(servers)}\n`;
}

const resolvConf: ServiceFile = {
  name: 'resolv.conf',
  mediaType: 'text/plain',
  label: { ca: 'Per al resolv.conf', es: 'Para resolv.conf', en: 'For resolv.conf', de: 'Für resolv.conf' },
  hint: {
    ca: 'Per a una màquina on cap altre programa l’escrigui. Els pregunta en aquest ordre; només els del port 53, i no més de tres.',
    es: 'Para una máquina donde ningún otro programa lo escriba. Les pregunta en este orden; solo los del puerto 53, y no más de tres.',
    en: 'For a machine where no other program writes it. It asks them in this order; only those on port 53, and no more than three.',
    de: 'Für einen Rechner, auf dem kein anderes Programm die Datei schreibt. Er fragt sie in dieser Reihenfolge; nur die auf Port 53 und höchstens drei.',
  },
  keep: { path: '/etc/resolv.conf', reload: null },
  write: (best) =>
    lines(
      best.filter(({ port }) => port === 53),
      (servers) =>
        servers
          .slice(0, LISTED_IN_RESOLV_CONF)
          .map(({ address }) => `nameserver ${address}`)
          .join('\n'),
    ),
};

const dnsmasq: ServiceFile = {
  name: 'dnsmasq.conf',
  mediaType: 'text/plain',
  label: { ca: 'Per al dnsmasq', es: 'Para dnsmasq', en: 'For dnsmasq', de: 'Für dnsmasq' },
  hint: {
    ca: 'Els pregunta en aquest ordre. La màquina ha de preguntar a 127.0.0.1.',
    es: 'Les pregunta en este orden. La máquina debe preguntar a 127.0.0.1.',
    en: 'It asks them in this order. The machine must use 127.0.0.1 as its DNS server.',
    de: 'Er fragt sie in dieser Reihenfolge. Der Rechner muss 127.0.0.1 als DNS-Server nutzen.',
  },
  keep: { path: '/etc/dnsmasq.d/community.conf', reload: 'systemctl restart dnsmasq' },
  write: (best) =>
    lines(
      best,
      (servers) => `no-resolv\nstrict-order\nserver=${withPort(servers.slice(0, LISTED), toDnsmasq, '\nserver=')}`,
    ),
};

/** Signatures get lost on the way through most of these servers: with them unbound would refuse every answer. */
const unbound: ServiceFile = {
  name: 'unbound.conf',
  mediaType: 'text/plain',
  label: { ca: 'Per a l’unbound', es: 'Para unbound', en: 'For unbound', de: 'Für unbound' },
  hint: {
    ca: 'Pregunta al més ràpid d’aquests. No comprova signatures (DNSSEC), que molts servidors veïns no passen.',
    es: 'Pregunta al más rápido de estos. No comprueba firmas (DNSSEC), que muchos servidores vecinos no pasan.',
    en: 'It asks the fastest of these. It checks no signatures (DNSSEC), which many neighbours’ servers do not pass on.',
    de: 'Er fragt den schnellsten davon. Er prüft keine Signaturen (DNSSEC), die viele Server von Nachbarn nicht weitergeben.',
  },
  keep: { path: '/etc/unbound/unbound.conf.d/community-best.conf', reload: 'systemctl restart unbound' },
  write: (best) =>
    lines(best, (servers) => {
      const to = withPort(servers.slice(0, LISTED), ({ address, port }) => `${address}@${port}`, '\n  forward-addr: ');
      const server = 'server:\n  module-config: "iterator"\n  local-zone: "10.in-addr.arpa." nodefault';
      return `${server}\nforward-zone:\n  name: "."\n  forward-addr: ${to}`;
    }),
};

export const FILES: readonly ServiceFile[] = [resolvConf, dnsmasq, unbound];
