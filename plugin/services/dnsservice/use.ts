/** How a name server is used, by what a machine resolves names with; and how unbound is opened to neighbours. */
import { isIPv6 } from 'node:net';
import { PRIVATE_RANGES } from '../../lib/address.js';
import { endpoint } from '../../lib/endpoint.js';
import type { Opening, Texts, Usable, UseStep } from '../contract.js';

/** A zone that every generated guifi.net server is authority for, and the server that its start of authority names. */
export const COMMUNITY_ZONE = '10.in-addr.arpa';
export const COMMUNITY_MASTER = 'ns1.guifi.net';
/** The zone with the names of its devices. */
export const NAMES_ZONE = 'ip.guifi.net';

/** A server that was never asked may be a resolver; one that was and does not resolve is no good as one. */
export const mayResolve = ({ facts }: Usable) => facts?.resolves !== 'no';

/** The lines for those who want to use it, and where each of them lasts. */
export function use(provider: Usable, best: readonly Usable[] = []): UseStep[] {
  const { address, port } = provider;
  if (endpoint(provider) === null) return [];
  const tryIt: UseStep = {
    kind: 'copy',
    on: 'linux',
    label: { ca: 'Proveu-lo primer', es: 'Pruébelo primero', en: 'Test it first', de: 'Teste ihn zuerst' },
    text: `dig @${address} -p ${port} ${COMMUNITY_ZONE} SOA`,
  };
  const tried = [tryIt, ITS_ANSWER];
  if (!mayResolve(provider)) return [NO_RESOLVER, ...tried, ...zoneLines(provider)];
  if (port !== 53) return [ONLY_53, ...tried, WHO_WRITES, ...anyPort([provider])];
  const second = best.find((other) => mayResolve(other) && other.port === 53 && other.address !== address);
  const servers = second ? [provider, second] : [provider];
  return [
    ...servers.map(({ address }, at) => plainAddress(address, at + 1)),
    ...(second ? [] : [ALONE]),
    ...[ON_A_PHONE, phoneCode(address), ON_A_DESKTOP, ...tried, WHO_WRITES, resolverLines(servers)],
    ...[...resolvConf(servers), ...anyPort(servers), OTHER_ROUTERS],
  ];
}

/** For the field of a phone, a Windows, a Mac or a router: each takes one address. */
const plainAddress = (address: string, place: number): UseStep => ({
  kind: 'copy',
  label: {
    ca: `Servidor DNS ${place}`,
    es: `Servidor DNS ${place}`,
    en: `DNS server ${place}`,
    de: `DNS-Server ${place}`,
  },
  text: address,
});

const phoneCode = (address: string): UseStep => ({
  kind: 'qr',
  on: 'phone',
  label: {
    ca: 'El servidor DNS 1, per copiar-lo amb la càmera',
    es: 'El servidor DNS 1, para copiarlo con la cámara',
    en: 'DNS server 1, to copy it with the camera',
    de: 'DNS-Server 1, zum Abnehmen mit der Kamera',
  },
  text: address,
});

const WHO_WRITES: UseStep = {
  kind: 'copy',
  on: 'linux',
  label: {
    ca: 'Mireu quin programa escriu el resolv.conf: ho diuen les primeres línies. Trieu-lo a sota.',
    es: 'Mire qué programa escribe resolv.conf: lo dicen las primeras líneas. Elíjalo abajo.',
    en: 'See which program writes resolv.conf: its first lines say so. Choose it below.',
    de: 'Sieh nach, welches Programm resolv.conf schreibt: Die ersten Zeilen sagen es. Wähle es unten.',
  },
  text: 'ls -l /etc/resolv.conf; head -n 5 /etc/resolv.conf',
};

const ITS_ANSWER: UseStep = {
  kind: 'note',
  on: 'linux',
  label: {
    ca: `Si coneix els noms de guifi.net, a la resposta hi ha «${COMMUNITY_MASTER}». Si us falta dig, és al paquet bind9-dnsutils.`,
    es: `Si conoce los nombres de guifi.net, en la respuesta figura «${COMMUNITY_MASTER}». Si le falta dig, está en el paquete bind9-dnsutils.`,
    en: `If it knows guifi.net’s names, the answer contains “${COMMUNITY_MASTER}”. If dig is missing, install the package bind9-dnsutils.`,
    de: `Wenn er die Namen von guifi.net kennt, enthält die Antwort „${COMMUNITY_MASTER}“. Wenn dig fehlt, installiere das Paket bind9-dnsutils.`,
  },
};

const NO_RESOLVER: UseStep = {
  kind: 'note',
  label: {
    ca: 'Només respon pels noms que té: no el poseu com a servidor DNS d’una màquina, perquè no trobaria cap altre nom.',
    es: 'Solo responde por los nombres que tiene: no lo ponga como servidor DNS de una máquina, porque no encontraría ningún otro nombre.',
    en: 'It answers only for its own names: do not set it as a machine’s DNS server, or no other name will be found.',
    de: 'Er antwortet nur für seine eigenen Namen: Trage ihn nicht als DNS-Server eines Rechners ein, sonst wird kein anderer Name gefunden.',
  },
};

/** Sends only the questions about the community's names there. */
function zoneLines({ address, port, facts }: Usable): UseStep[] {
  if (facts?.zones !== 'guifi.net') return [];
  const label = {
    ca: 'Línies per a /etc/dnsmasq.d/community.conf, per preguntar-li només els noms de guifi.net',
    es: 'Líneas para /etc/dnsmasq.d/community.conf, para preguntarle solo los nombres de guifi.net',
    en: 'Lines for /etc/dnsmasq.d/community.conf, to ask it for guifi.net’s names only',
    de: 'Zeilen für /etc/dnsmasq.d/community.conf, um ihn nur nach Namen von guifi.net zu fragen',
  };
  const lines = [NAMES_ZONE, COMMUNITY_ZONE].map((zone) => `server=/${zone}/${address}#${port}`);
  return [{ kind: 'copy', on: 'linux', label, text: lines.join('\n') }];
}

type Server = Pick<Usable, 'address' | 'port'>;
const addressesOf = (servers: readonly Server[], separator: string) =>
  servers.map(({ address }) => address).join(separator);
/** As dnsmasq and systemd-resolved write another port than 53. */
export const withPort = (servers: readonly Server[], write: (server: Server) => string, separator: string) =>
  servers.map((server) => (server.port === 53 ? server.address : write(server))).join(separator);

/** A resolver asks the next server when one does not answer: either may go down without anybody noticing. */
function resolverLines(servers: readonly Server[]): UseStep {
  return {
    kind: 'copy',
    on: 'linux',
    label: {
      ca: 'Línies per a /etc/resolv.conf, si ningú més no el modifica. Si feu servir un dels programes de sota, que refà el fitxer, poseu-les on s’hi indica.',
      es: 'Líneas para /etc/resolv.conf, si nadie más lo modifica. Si usa uno de los programas de abajo, que rehace el fichero, póngalas donde se indica.',
      en: 'Lines for /etc/resolv.conf, if nothing else writes that file. The programs below overwrite it: with one of them, follow its own step instead.',
      de: 'Zeilen für /etc/resolv.conf, wenn nichts anderes diese Datei schreibt. Die Programme unten überschreiben sie: Mit einem davon folge stattdessen seinem eigenen Schritt.',
    },
    text: `nameserver ${addressesOf(servers, '\nnameserver ')}`,
  };
}

/** What writes /etc/resolv.conf, knows no other port, and where it takes the addresses from, for good. */
const resolvConf = (servers: readonly Server[]): UseStep[] => [
  {
    ...intoFile('/etc/NetworkManager/conf.d/community.conf', 'systemctl reload NetworkManager'),
    ...{ kind: 'copy', on: 'linux', system: 'NetworkManager (Raspberry Pi OS)' },
    text: `[global-dns-domain-*]\nservers=${addressesOf(servers, ',')}`,
  },
  {
    ...intoFile('/etc/dhcpcd.conf', 'systemctl restart dhcpcd'),
    ...{ kind: 'copy', on: 'linux', system: 'dhcpcd' },
    text: `static domain_name_servers=${addressesOf(servers, ' ')}`,
  },
  {
    ...intoFile('/etc/dhcp/dhclient.conf', 'systemctl restart networking'),
    ...{ kind: 'copy', on: 'linux', system: 'dhclient (Debian)' },
    text: toDhclient(servers),
  },
];

/** Its options are of one family each. */
function toDhclient(servers: readonly Server[]): string {
  const line = (option: string, of: readonly Server[]) =>
    of.length === 0 ? [] : [`supersede ${option} ${addressesOf(of, ', ')};`];
  const [v6, v4] = [true, false].map((is6) => servers.filter(({ address }) => isIPv6(address) === is6));
  return [...line('domain-name-servers', v4 ?? []), ...line('dhcp6.name-servers', v6 ?? [])].join('\n');
}

/** What asks a server on any port. */
const anyPort = (servers: readonly Server[]): UseStep[] => [
  {
    ...intoFile('/etc/systemd/resolved.conf.d/community.conf', 'systemctl restart systemd-resolved'),
    ...{ kind: 'copy', on: 'linux', system: 'systemd-resolved' },
    text: `[Resolve]\nDNS=${withPort(servers, (server) => endpoint(server) ?? '', ' ')}\nDomains=~.`,
  },
  {
    kind: 'copy',
    on: 'linux',
    system: 'dnsmasq',
    label: {
      ca: 'A /etc/dnsmasq.d/community.conf; després, systemctl restart dnsmasq. La màquina ha de preguntar a 127.0.0.1.',
      es: 'En /etc/dnsmasq.d/community.conf; después, systemctl restart dnsmasq. La máquina debe preguntar a 127.0.0.1.',
      en: 'In /etc/dnsmasq.d/community.conf; then systemctl restart dnsmasq. The machine must use 127.0.0.1 as its DNS server.',
      de: 'In /etc/dnsmasq.d/community.conf; danach systemctl restart dnsmasq. Der Rechner muss 127.0.0.1 als DNS-Server nutzen.',
    },
    text: `no-resolv\nserver=${withPort(servers, toDnsmasq, '\nserver=')}`,
  },
  {
    kind: 'copy',
    on: 'router',
    label: {
      ca: 'Amb OpenWrt, per a tota la seva xarxa. La línia de rebind_domain deixa passar les adreces privades dels noms de guifi.net.',
      es: 'Con OpenWrt, para toda su red. La línea de rebind_domain deja pasar las direcciones privadas de los nombres de guifi.net.',
      en: 'With OpenWrt, for its whole network. The rebind_domain line lets the private addresses of guifi.net’s names through.',
      de: 'Mit OpenWrt, für sein ganzes Netz. Die Zeile rebind_domain lässt die privaten Adressen der guifi.net-Namen durch.',
    },
    text: [
      ...servers.map((server) => `uci add_list 'dhcp.@dnsmasq[0].server=${withPort([server], toDnsmasq, '')}'`),
      `uci add_list 'dhcp.@dnsmasq[0].rebind_domain=guifi.net'`,
      'uci commit dhcp && /etc/init.d/dnsmasq restart',
    ].join('\n'),
  },
];

export const toDnsmasq = ({ address, port }: Server) => `${address}#${port}`;

const intoFile = (file: string, then: string): { readonly label: Texts } => ({
  label: {
    ca: `A ${file}; després, ${then}.`,
    es: `En ${file}; después, ${then}.`,
    en: `In ${file}; then ${then}.`,
    de: `In ${file}; danach ${then}.`,
  },
});

const ALONE: UseStep = {
  kind: 'note',
  label: {
    ca: 'Poseu-hi també un segon servidor: si un cau, respon l’altre.',
    es: 'Ponga también un segundo servidor: si uno cae, responde el otro.',
    en: 'Add a second server too: if one goes down, the other answers.',
    de: 'Trage auch einen zweiten Server ein: Fällt einer aus, antwortet der andere.',
  },
};

const ON_A_PHONE: UseStep = {
  kind: 'note',
  on: 'phone',
  label: {
    ca: 'Android: paràmetres de la Wi-Fi, aquesta xarxa, modifica, «Adreça IP: estàtica»; poseu el DNS 1 i el 2, deixeu la resta com està i desactiveu el «DNS privat». iPhone i iPad: Wi-Fi, ⓘ, «Configurar DNS», «Manual». Val només per a aquesta Wi-Fi.',
    es: 'Android: ajustes de la Wi-Fi, esta red, modificar, «IP: estática»; ponga el DNS 1 y el 2, deje lo demás como está y desactive el «DNS privado». iPhone y iPad: Wi-Fi, ⓘ, «Configurar DNS», «Manual». Vale solo para esta Wi-Fi.',
    en: 'Android: Wi-Fi settings, this network, edit, “IP settings: Static”; enter DNS 1 and DNS 2, leave the rest as it is, and turn “Private DNS” off. iPhone and iPad: Wi-Fi, ⓘ, “Configure DNS”, “Manual”. It applies to this Wi-Fi only.',
    de: 'Android: WLAN-Einstellungen, dieses Netz, bearbeiten, „IP-Einstellungen: Statisch“; trage DNS 1 und DNS 2 ein, lass den Rest, wie er ist, und schalte „Privates DNS“ aus. iPhone und iPad: WLAN, ⓘ, „DNS konfigurieren“, „Manuell“. Es gilt nur für dieses WLAN.',
  },
};

const ON_A_DESKTOP: UseStep = {
  kind: 'note',
  on: 'desktop',
  label: {
    ca: 'Windows: Configuració, Xarxa i Internet, Wi-Fi o Ethernet, propietats del maquinari, «Assignació del servidor DNS», Edita, Manual, IPv4. macOS: Configuració del Sistema, Xarxa, Wi-Fi o Ethernet, Detalls, DNS, +.',
    es: 'Windows: Configuración, Red e Internet, Wi-Fi o Ethernet, propiedades de hardware, «Asignación de servidor DNS», Editar, Manual, IPv4. macOS: Ajustes del Sistema, Red, Wi-Fi o Ethernet, Detalles, DNS, +.',
    en: 'Windows: Settings, Network & internet, Wi-Fi or Ethernet, hardware properties, “DNS server assignment”, Edit, Manual, IPv4. macOS: System Settings, Network, Wi-Fi or Ethernet, Details, DNS, +.',
    de: 'Windows: Einstellungen, Netzwerk und Internet, WLAN oder Ethernet, Hardwareeigenschaften, „DNS-Serverzuweisung“, Bearbeiten, Manuell, IPv4. macOS: Systemeinstellungen, Netzwerk, WLAN oder Ethernet, Details, DNS, +.',
  },
};

const OTHER_ROUTERS: UseStep = {
  kind: 'note',
  on: 'router',
  label: {
    ca: 'En un altre encaminador: a la seva pàgina, a l’apartat de la xarxa local o del DHCP, com a servidors DNS. Els aparells els prenen quan es tornen a connectar.',
    es: 'En otro router: en su página, en el apartado de la red local o del DHCP, como servidores DNS. Los aparatos los toman al volver a conectarse.',
    en: 'On another router: in its own page, under LAN or DHCP, as DNS servers. Devices take them when they next connect.',
    de: 'Auf einem anderen Router: auf seiner eigenen Seite, unter LAN oder DHCP, als DNS-Server. Geräte übernehmen sie, wenn sie sich das nächste Mal verbinden.',
  },
};

const ONLY_53: UseStep = {
  kind: 'note',
  label: {
    ca: 'Els telèfons, el Windows, el macOS, el resolv.conf i el NetworkManager només funcionen amb el port 53: aquest és per als programes de sota.',
    es: 'Los teléfonos, Windows, macOS, resolv.conf y NetworkManager solo funcionan con el puerto 53: este es para los programas de abajo.',
    en: 'Phones, Windows, macOS, resolv.conf and NetworkManager only work with port 53: this one is for the programs below.',
    de: 'Telefone, Windows, macOS, resolv.conf und NetworkManager arbeiten nur mit Port 53: Dieser ist für die Programme unten.',
  },
};

/** On a socket for all addresses, the answer would leave from another one than was asked, and be dropped: hence automatic. */
const openUnbound = (ranges: readonly string[]) =>
  ['server:', '  interface-automatic: yes', ...ranges.map((range) => `  access-control: ${range} allow`)].join('\n');

export const OPEN_UNBOUND: Opening = {
  label: {
    ca: 'Perquè hi arribin els veïns, poseu això a /etc/unbound/unbound.conf.d/community.conf i reinicieu unbound. Si el systemd-resolved ocupa el port 53, abans cal posar-hi DNSStubListener=no.',
    es: 'Para que lleguen los vecinos, ponga esto en /etc/unbound/unbound.conf.d/community.conf y reinicie unbound. Si systemd-resolved ocupa el puerto 53, antes hay que ponerle DNSStubListener=no.',
    en: 'To let neighbours reach it, put this into /etc/unbound/unbound.conf.d/community.conf and restart unbound. If systemd-resolved uses port 53, set DNSStubListener=no first.',
    de: 'Damit Nachbarn ihn erreichen, schreibe dies in /etc/unbound/unbound.conf.d/community.conf und starte unbound neu. Wenn systemd-resolved Port 53 benutzt, setze vorher DNSStubListener=no.',
  },
  text: openUnbound(PRIVATE_RANGES),
  textFor: openUnbound,
};
