/**
 * `npm run bench:reliability`: what the panel bears, measured in one run. `-- --json` for programs; the names of benches
 * (`-- readers slow`) run only these.
 */
import { type Mark, table } from '../marks.js';
import { bad } from './bad.js';
import { day } from './day.js';
import { kills } from './kills.js';
import { readers } from './readers.js';
import { slow } from './slow.js';

const BENCHES = { readers, slow, bad, day, kills };

const words = process.argv.slice(2);
const wanted = Object.entries(BENCHES).filter(([name]) => words.includes(name));
const marks: Mark[] = [];
for (const [, bench] of wanted.length > 0 ? wanted : Object.entries(BENCHES)) marks.push(...(await bench()));
console.log(words.includes('--json') ? JSON.stringify({ marks }, null, 2) : table(marks));
process.exitCode = marks.every(({ holds }) => holds) ? 0 : 1;
