/** What neighbours announce by mistake is taken out of their texts, and nothing else is. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isSecretName, publicText, withoutSecrets } from '../../plugin/announcement/secrets.js';

it.each([
  ['http://admin:hunter2@10.1.2.3/cam', 'http://10.1.2.3/cam'],
  ['Camera (http://admin:hunter2@cam/)', 'Camera (http://cam/)'],
  ['[rtsp://admin:hunter2@cam:554/?channel=1&token=hunter2]', '[rtsp://cam:554/]'],
  ['ftp://hunter2@10.1.2.3', 'ftp://10.1.2.3'],
  ['http://admin:hun@ter2@cam/', 'http://cam/'],
  ['http://admin:hun/ter2@cam/', 'http://'],
  ['http://admin:hunter2', 'http://'],
  ['//admin:hunter2@cam/', '//cam/'],
  ['Roof admin:hunter2@10.1.2.3', 'Roof 10.1.2.3'],
  ['http%3A%2F%2Fadmin%3Ahunter2%40cam%2F', 'http://cam/'],
  ['http%253A%252F%252Fadmin%253Ahunter2%2540cam', 'http://cam'],
  ['http://cam/?%74oken%3Dhunter2', 'http://cam/'],
  ['http://cam/view?hunter2=1', 'http://cam/view'],
  ['Camera user=hunter2 password: hunter2', 'Camera user password'],
  ['PIN=hunter2', 'PIN'],
  ['contrasenya: hunter2', 'contrasenya'],
  ['password: ask', 'password'],
  ['camera_password=hunter2', 'camera_password'],
])('%s loses what lets others in', (text, left) => {
  expect(withoutSecrets(text)).toBe(left);
  expect(publicText(text)).not.toContain('hunter2');
});

it.each([
  'DNS of la Torre',
  'http://10.1.2.3:8080/maps/',
  'http://[fd00::1]:8080/',
  'pb://fp3xjndgjt2npubdl2jqqb26clanyag7@tcp:grid.guifi.local:28228/introducer',
  'magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a',
  'mailto:anna@example.net',
  'sip:100@10.1.2.3',
  'Open 10:30 @ the ateneu',
  '100% free',
  'Caf%C3%A9',
  'Pinboard: yes',
  'Login: ask Anna',
  'Passwort: frag Anna im Hof',
  'contrasenya: pregunteu a l’Anna',
])('%s stays as it is', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});

it('tells attributes of nobody’s business by their names', () => {
  expect(
    ['password', 'user', 'api_key', 'TOKEN', 'wifiPassword', 'http://h/?token'].filter((name) => !isSecretName(name)),
  ).toEqual([]);
  expect(['node_id', 'Federated', 'furl', 'users', 'keys', 'path', 'author', ''].filter(isSecretName)).toEqual([]);
});

it('finds a secret wherever a link with one stands', () => {
  const around = fc.string({ maxLength: 40, unit: fc.constantFrom(...'ab (:/[]<>"., ') });
  const scheme = fc.constantFrom('http', 'https', 'rtsp', 'ftp', 'mumble');
  fc.assert(
    fc.property(around, scheme, around, (before, of, after) => {
      expect(withoutSecrets(`${before} ${of}://anna:hunter2@cam/?a=hunter2 ${after}`)).not.toContain('hunter2');
    }),
  );
});

it('takes no longer for what is made to take long', () => {
  for (const part of ['://', ':', '@', 'a:', '?=', '%25', 'user=', '//a:']) {
    const text = part.repeat(4_096 / part.length);
    expect(withoutSecrets(text).length).toBeLessThanOrEqual(text.length);
  }
});
