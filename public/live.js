// How fresh the page and what it tells is, and that the panel cannot be reached; `/` goes to the search. Without scripts the
// page says when it was made.
const pulse = () => document.getElementById('cs-pulse');
const message = () => document.getElementById('cs-message');
const AGAIN_MS = 3000;
// One answer that is lost on a poor link is no reason for alarm.
const PATIENCE = 2;
let heardAt = Date.now();
let missed = 0;
const STEPS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

// Seconds from now (negative: ago) in the largest unit that fits, as the panel writes them.
function relative(format, seconds) {
  const [unit, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? STEPS.at(-1);
  return format.format(Math.trunc(seconds / length), unit);
}

// Making one takes a slow phone longer than all the rest of these scripts at their start.
const formats = {};
function formatFor(element) {
  const { lang } = element.closest('[lang]');
  formats[lang] ??= new Intl.RelativeTimeFormat(lang, { numeric: 'auto' });
  return formats[lang];
}

// The panel's clock, ms before this device's, which may be wrong.
let made = '';
let behind = 0;

function setClock({ dataset }) {
  if (dataset.now === made) return;
  made = dataset.now;
  behind = Date.now() - Number(made);
}

// "3 minutes ago" goes on while nothing is new: the panel then sends nothing.
function age() {
  const line = pulse();
  if (!line) return;
  setClock(line);
  const format = formatFor(line);
  for (const time of document.querySelectorAll('time.cs-ago')) {
    const seconds = (Date.parse(time.dateTime) - Date.now() + behind) / 1000;
    // As the panel does: what was is never to come, and the other way round.
    const text = relative(format, time.matches('.cs-next') ? Math.max(seconds, 0) : Math.min(seconds, 0));
    if (time.textContent !== text) time.textContent = text;
  }
}

function show() {
  const line = pulse();
  if (!line?.firstElementChild) return;
  // A clock set back tells no future.
  const seconds = Math.max(0, Math.round((Date.now() - heardAt) / 1000));
  const ago = relative(formatFor(line), -seconds);
  const { updated, lost } = line.dataset;
  line.firstElementChild.textContent = (missed < PATIENCE ? updated : lost).replace('%', ago);
}

// The tab says how far a scan is, and by its icon that something fails.
function tell() {
  const { title, icon } = pulse()?.dataset ?? {};
  const link = document.getElementById('cs-icon');
  if (title && document.title !== title) document.title = title;
  if (icon && link && link.getAttribute('href') !== icon) link.href = icon;
}

// Said once to who cannot see it, and shown to the others by the colour of everything that may be old.
function turn(isLost) {
  const line = pulse();
  line?.closest('.cs').classList.toggle('cs-lost', isLost);
  show();
  document.getElementById('cs-told').textContent = line
    ? isLost
      ? line.firstElementChild?.textContent
      : line.dataset.back
    : '';
}

// A form that got nowhere is not sent again by itself: who pressed its button has to know, whatever else is said above it.
const isDeed = ({ request }) => request?.method === 'POST';
let isUnsent = false;
function tellUnsent() {
  if (!isUnsent || message().querySelector('.cs-unsent')) return;
  const line = document.createElement('p');
  line.className = 'cs-alert cs-unsent';
  line.textContent = message().dataset.unsent;
  message().prepend(line);
}

function lose(ctx) {
  miss();
  if (!isDeed(ctx)) return;
  isUnsent = true;
  message().replaceChildren();
  tellUnsent();
}

function hear() {
  const before = missed;
  heardAt = Date.now();
  missed = 0;
  // What a proxy has put there in the panel's name, be it after one lost answer.
  if (before > 0) for (const one of message().querySelectorAll(':scope > :not(.cs-unsent)')) one.remove();
  if (before >= PATIENCE) turn(false);
  else show();
}

function miss() {
  missed += 1;
  if (missed === PATIENCE) turn(true);
  setTimeout(() => pulse()?.dispatchEvent(new Event('cs-again')), AGAIN_MS);
}

// 502 to 504 are a proxy's words for a panel that does not answer, or those of a panel that ends: they must not take the
// place of the list. With a place of its own for them, it is Cloudy's page that says so: also not for one lost answer.
document.addEventListener('htmx:before:response', (event) => {
  const { ctx } = event.detail;
  const { status, headers } = ctx.response;
  if (status < 502 || status > 504) return;
  if (headers.has('hx-retarget') && (isDeed(ctx) || missed + 1 >= PATIENCE)) return;
  event.preventDefault();
  lose(ctx);
});
document.addEventListener('htmx:after:request', ({ detail: { ctx } }) => {
  const { status, headers } = ctx.response;
  if (status >= 502 && status <= 504) return lose(ctx);
  hear();
  // Nobody is logged in any more: what only the owner may press goes with the next answer.
  if (status === 401) pulse()?.dispatchEvent(new Event('cs-again'));
  // Those of a form that was open for too long, so that it can be sent again as it is.
  const token = headers.get('cs-token');
  if (token) for (const field of document.querySelectorAll('[name=token]')) field.value = token;
});
document.addEventListener('htmx:error', ({ detail }) => detail.ctx && lose(detail.ctx));
document.addEventListener('htmx:after:swap', () => {
  show();
  age();
  tell();
  tellUnsent();
});

// The button that began a job is away until the job ends: who has pressed it by keyboard finds it again where it was.
let left = null;
document.addEventListener('htmx:before:swap', () => {
  if (document.activeElement?.id) left = document.activeElement.id;
});
document.addEventListener('htmx:after:swap', () => {
  if (document.activeElement === document.body) document.getElementById(left)?.focus({ preventScroll: true });
  else left = null;
});

// What came of the last form is no word about this one.
document.addEventListener('htmx:before:request', ({ detail: { ctx } }) => {
  if (!isDeed(ctx)) return;
  isUnsent = false;
  for (const one of [message(), document.getElementById('cs-saved')]) one?.replaceChildren();
});

// Every two seconds it may ask whether anything is new. It does while work goes on or somebody is at the page, and seldom
// where it is only left open: the panel then keeps the question until a job begins, and says so where it has waited. A tab
// that nobody looks at asks nothing, and asks at once when it is looked at again.
const SELDOM_MS = 15_000;
const PRESENT_MS = 120_000;
let touchedAt = Date.now();
let askedAt = 0;
let isWaiting = false;
const stopWaiting = () => isWaiting && pulse()?.dispatchEvent(new Event('htmx:abort'));
for (const touch of ['pointerdown', 'pointermove', 'keydown', 'scroll'])
  document.addEventListener(
    touch,
    () => {
      touchedAt = Date.now();
      stopWaiting();
    },
    { passive: true, capture: true },
  );
document.addEventListener(
  'cs-again',
  () => {
    askedAt = 0;
  },
  true,
);
document.addEventListener('htmx:before:request', (event) => {
  if (event.target !== pulse()) return;
  const isBusy = 'busy' in pulse().dataset || Date.now() - touchedAt < PRESENT_MS;
  if (document.hidden || (!isBusy && Date.now() - askedAt < SELDOM_MS)) return event.preventDefault();
  askedAt = Date.now();
  isWaiting = !isBusy;
  if (isWaiting) event.detail.ctx.request.headers['CS-Wait'] = '1';
});
document.addEventListener('htmx:finally:request', (event) => {
  if (event.target !== pulse()) return;
  isWaiting = false;
  if (event.detail.ctx.response?.headers.has('cs-waited')) askedAt = 0;
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) return stopWaiting();
  touchedAt = Date.now();
  age();
  pulse()?.dispatchEvent(new Event('cs-again'));
});

document.addEventListener('keydown', (event) => {
  // The page's own search, else that of its head; the link to it where there is no room for a field.
  const fields = [...document.querySelectorAll('#cs-q, #cs-find, .cs-find-link')].filter((one) => one.offsetParent);
  const search = fields.find(({ id }) => id === 'cs-q') ?? fields.find(({ id }) => id) ?? fields[0];
  if (event.key !== '/' || !search || event.target.closest('input, textarea, select')) return;
  event.preventDefault();
  search.focus();
});

// The link in the terminal brings the code of the first run along; once typed in, it leaves the address.
const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
const field = document.getElementById('cs-code');
if (code && field) {
  field.value = code;
  document.getElementById('cs-password').focus();
  history.replaceState(history.state, '', location.pathname + location.search);
}

// The page has just been made and says what is right: to be at work comes first.
if (pulse()) setClock(pulse());
(globalThis.requestIdleCallback ?? setTimeout)(() => {
  show();
  age();
});
setInterval(show, 1000);
setInterval(age, 5000);

// What is typed is looked for a moment later. Enter has asked for it already: asking again would overtake what is clicked next.
let isAsked = false;
document.addEventListener('input', () => {
  isAsked = false;
});
document.addEventListener('submit', ({ target }) => {
  isAsked = target.matches('.cs-search');
});
document.addEventListener('htmx:config:request', (event) => {
  if (isAsked && event.detail.ctx.sourceElement.id === 'cs-q') event.preventDefault();
});
