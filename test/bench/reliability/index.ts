/** `npm run bench:reliability`: what the panel bears. `-- readers slow` for parts of it, `-- --json` for programs. */
import { runParts } from '../run.js';
import { bad } from './bad.js';
import { day } from './day.js';
import { ghosts } from './ghosts.js';
import { kills } from './kills.js';
import { login } from './login.js';
import { readers } from './readers.js';
import { slow } from './slow.js';
import { stalls } from './stalls.js';

await runParts({ readers, slow, bad, stalls, ghosts, login, day, kills });
