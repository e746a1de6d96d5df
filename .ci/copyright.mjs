/** Whose the bundled packages are, and under which licence: debian/copyright with a paragraph for each. */
import { readdirSync, readFileSync } from 'node:fs';

/** Licences as npm names them → as debian/copyright does. */
const LICENCES = {
  MIT: 'Expat',
  ISC: 'ISC',
  'BSD-3-Clause': 'BSD-3-Clause',
  'BSD-0-Clause': '0BSD',
  'BlueOak-1.0.0': 'BlueOak-1.0.0',
};

/**
 * The whole file.
 * @param folders of the packages that went into a bundle
 * @throws Error for a licence whose text debian/copyright does not have
 */
export function copyright(folders) {
  return [readFileSync('debian/copyright', 'utf8'), ...folders.map(paragraph)].join('\n');
}

function paragraph(folder) {
  const {
    name,
    license,
    author = `the authors of ${name}`,
  } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  if (!(license in LICENCES))
    throw new Error(`${name} is bundled under ${license}, which debian/copyright does not know`);
  const named = readdirSync(folder)
    .filter((file) => /^licen[cs]e/i.test(file))
    .flatMap((file) => readFileSync(`${folder}/${file}`, 'utf8').split('\n'))
    .flatMap((line) => /^\W*copyright (?:\(c\) )?((?:\d{4}|by |\w+ <|project ).*)/i.exec(line)?.[1]?.trim() ?? []);
  const holders = named.length > 0 ? named : [typeof author === 'string' ? author : author.name];
  return `Files: ${folder}/*\nCopyright: ${holders.join('\n           ')}\nLicense: ${LICENCES[license]}\n`;
}
