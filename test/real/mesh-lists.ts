/** What the nodes of a mesh write: the list of an AREDN node by three generations of firmware, and the files of olsrd. */

/** Where the stand-in answers as which node. Each has the same services. */
export const NODES = {
  /** `/a/sysinfo`, to which the old address leads. */
  today: '10.93.0.2',
  /** `/cgi-bin/sysinfo.json` at port 80. */
  older: '10.93.0.3',
  /** The same at port 8080, where nothing listens at port 80. */
  oldest: '10.93.0.4',
  /** Firmware that knows no `services`. */
  bare: '10.93.0.5',
  redirects: '10.93.0.6',
  half: '10.93.0.7',
  huge: '10.93.0.8',
} as const;
export type NodeName = keyof typeof NODES;

/** Whom `redirects` names: nobody may ask there. */
export const ELSEWHERE = '10.93.0.9';

/** All addresses of the mesh, of which few have a service. */
export const MESH = '10.93.1.0/24';
export const COUNT = 30;
/** Web servers that run. */
export const PAGES = ['10.93.1.1', '10.93.1.2', '10.93.1.3'] as const;
/** The time server that runs. */
export const CLOCK = '10.93.1.101';

/** What is to be found nowhere. */
export const SECRET = 'zQletmeinZ';
/** A word of the mistakes that is no secret: where it is found, they were not lost on the way. */
export const HARMLESS = 'Attic';

interface Service {
  readonly name: string;
  readonly ip: string;
  readonly link: string;
  readonly protocol: string;
}

/** Ten services of each node. */
function ofNode(at: number): Service[] {
  const [node, host, ip] = [`AB1CD-${at}`, `AB1CD-${at}-pi`, `10.93.1.${at}`];
  const service = (name: string, link: string, protocol = 'tcp') => ({ name, ip, link, protocol });
  return [
    service('Page', `http://${node}:80/`),
    service('MeshChat [chat]', `http://${host}:8080/meshchat`),
    service('Clock [time]', `ntp://${host}:123`, 'udp'),
    service('Roof [camera]', `rtsp://${host}:554/live`),
    service('Ask for Anna [phone]', ''),
    service('Weather [weather]', `http://${node}:8000/`),
    service('Virtual machines', `https://${host}:8006/`),
    service('Phones', `sip://${host}:5060`, 'udp'),
    service('Map [map]', `http://${ip}:81/map`),
    service('EtherPad', `http://${host}:9001/`),
  ];
}

export const SERVICES: readonly Service[] = Array.from({ length: COUNT }, (_, at) => ofNode(at + 1)).flat();

export const HOSTS = Array.from({ length: COUNT }, (_, at) => [
  { name: `AB1CD-${at + 1}`, ip: `10.93.1.${at + 1}` },
  { name: `AB1CD-${at + 1}-pi`, ip: `10.93.1.${101 + at}` },
]).flat();

const row = (link: string, name = 'Camera', ip = '10.93.1.4') => ({ name, ip, link, protocol: 'tcp' });

/** Listed, without what is wrong with them. */
export const MISTAKES: readonly unknown[] = [
  row(`http://anna:${SECRET}@AB1CD-4:8101/cam?user=anna&password=${SECRET}#${SECRET}`, HARMLESS),
  row(`rtsp://AB1CD-4:8102/user=admin_password=${SECRET}_channel=1.sdp`),
  row('http://AB1CD-4:8103/', `Camera http://anna:${SECRET}@cam/?token=${SECRET}`),
  row('http://AB1CD-4:8104/', `Camera password=${SECRET} [video]`),
  row('', `Router anna:${SECRET}@10.93.1.4`, '10.93.1.5'),
  row('http://AB1CD-4:8105/', '<script>alert(1)</script>\u0000\u0007\u202eevil'),
  row(`http://AB1CD-4/a/redirect?http://anna:${SECRET}@10.9.9.9/`, 'Bookmark', '10.93.1.6'),
];

/** Left out, each for its reason. */
export const UNREADABLE: readonly (readonly [reason: string, row: unknown])[] = [
  ['unknown-name', row(`http://anna:${SECRET}@no.such.name/?token=${SECRET}`)],
  ['unknown-name', row('http://localhost:80/')],
  ['bad-port', row('http://AB1CD-4:99999/')],
  ['bad-link', row(`anna:${SECRET}@AB1CD-4`)],
  ['bad-link', row(`http://AB1CD-4/${SECRET.repeat(200)}`)],
  ['bad-entry', null],
  ['bad-entry', { ip: '10.93.1.4', link: `http://AB1CD-4/${SECRET}`, protocol: 'tcp' }],
  ['bad-address', row('http://AB1CD-4:8106/', `Camera pw=${SECRET}`, 'AB1CD-4')],
];

/** The answer of the node, byte for byte as its firmware writes it. */
export function sysinfo(node: 'today' | 'older' | 'oldest' | 'bare'): Buffer {
  return WRITERS[node]();
}

const sysinfoOf = (uptime: string, more: object = {}) => ({ uptime, loads: [0.11, 0.2, 0.05], ...more });

const WRITERS = {
  /** By ucode's `%.2J`. */
  today: () => {
    const info = {
      ...{ api_version: '2.0', node: 'AB1CD-1' },
      node_details: {
        ...{ model: 'MikroTik hAP ac lite', description: `On the roof, password: ${SECRET}`, board_id: '0x1234' },
        ...{ firmware_mfg: 'AREDN', firmware_version: '4.26.7.0', mesh_gateway: false, mesh_supernode: false },
      },
      ...{ tunnels: { active_tunnel_count: 0 }, lat: 41.5, lon: 2.1, gridsquare: 'JN11bl' },
      meshrf: { status: 'off' },
      sysinfo: sysinfoOf('1 day, 02:00', { freememory: '24601' }),
      interfaces: [{ name: 'br-lan', mac: '02:00:00:00:00:01', ip: NODES.today }],
      hosts: HOSTS,
      services: [...SERVICES, ...MISTAKES, ...UNREADABLE.map(([, row]) => row)],
    };
    return Buffer.from(`${JSON.stringify(info, null, 2)}\n`);
  },
  /** By json-c, which writes `\/`; names of hosts are those of olsrd. */
  older: () => {
    const info = {
      ...{ lon: '2.1', lat: '41.5', grid_square: 'JN11bl', api_version: '1.11', node: 'AB1CD-1' },
      hosts: HOSTS.flatMap(({ name, ip }) => [
        { name, ip },
        { ...{ name: `mid1.${name}.local.mesh` }, ip },
      ]),
      services: SERVICES.map(({ ip, link, name, protocol }) => ({ protocol, link, name, ip })),
      sysinfo: sysinfoOf('2 days, 11:05:10'),
      node_details: { firmware_version: '3.22.12.0', description: '', firmware_mfg: 'AREDN' },
    };
    return Buffer.from(`${JSON.stringify(info, null, '\t').replaceAll('/', '\\/')}\n`);
  },
  /** Without spaces, words in brackets or UTF-8; some rows say `http` for the transport. */
  oldest: () => {
    const info = {
      ...{ api_version: '1.6', node: 'AB1CD-1', hosts: HOSTS },
      node_details: { firmware_version: '3.19.3.0', description: 'Antenna at 21\u00b0' },
      services: SERVICES.map(({ name, protocol, ...service }, at) => ({
        ...{ name: `${name.replace(/ \[.*/, '')}${at === 0 ? ' 21\u00b0' : ''}`, ...service },
        protocol: service.link.startsWith('http:') ? 'http' : protocol,
      })),
      sysinfo: sysinfoOf('0 days, 00:59:01'),
    };
    return Buffer.from(`${JSON.stringify(info).replaceAll('/', '\\/')}\n`, 'latin1');
  },
  bare: () => Buffer.from('{"api_version":"1.0","node":"AB1CD-1","lat":"41.5","lon":"2.1"}\n'),
};

/** olsrd's file of services, as its plugin writes it. */
export const olsrServices = (lines: readonly string[]) =>
  [
    ...['### this file is overwritten regularly by olsrd', '### do not edit', '', ...lines, ''],
    ...['### written by olsrd at Tue Dec  1 12:00:00 2026', ''],
  ].join('\n');

/** Its file of hosts. */
export const olsrHosts = (hosts: readonly (readonly [address: string, name: string])[]) =>
  [
    ...['### this /etc/hosts file is overwritten regularly by olsrd', '### do not edit', ''],
    ...['127.0.0.1\tlocalhost', '::1\tlocalhost', ''],
    ...hosts.map(([address, name]) => `${address}\t${name}\t# ${address}`),
    ...['', '### written by olsrd at Tue Dec  1 12:00:00 2026', ''],
  ].join('\n');
