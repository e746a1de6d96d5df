// How fresh the page is, and that the panel cannot be reached; `/` goes to the search. Without scripts the page says when
// it was made.
const pulse = () => document.getElementById('cs-pulse');
const AGAIN_MS = 3000;
// One answer that is lost on a poor link is no reason for alarm.
const PATIENCE = 2;
let heardAt = Date.now();
let missed = 0;

function show() {
  const line = pulse();
  if (!line?.firstElementChild) return;
  const seconds = Math.round((Date.now() - heardAt) / 1000);
  const [count, unit] = seconds < 60 ? [seconds, 'second'] : [Math.floor(seconds / 60), 'minute'];
  const ago = new Intl.RelativeTimeFormat(line.closest('[lang]').lang, { numeric: 'auto' }).format(-count, unit);
  const { updated, lost } = line.dataset;
  line.firstElementChild.textContent = (missed < PATIENCE ? updated : lost).replace('%', ago);
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
  // What a proxy has put there in the panel's name.
  if (!isLost) document.getElementById('cs-message').replaceChildren();
}

function hear() {
  const wasLost = missed >= PATIENCE;
  heardAt = Date.now();
  missed = 0;
  if (wasLost) turn(false);
  else show();
}

function miss() {
  missed += 1;
  if (missed === PATIENCE) turn(true);
  setTimeout(() => pulse()?.dispatchEvent(new Event('cs-again')), AGAIN_MS);
}

// 502 to 504 are a proxy's words for a panel that does not answer.
document.addEventListener('htmx:after:request', ({ detail }) => {
  const { status } = detail.ctx.response;
  if (status >= 502 && status <= 504) miss();
  else hear();
});
document.addEventListener('htmx:error', ({ detail }) => detail.ctx && miss());
document.addEventListener('htmx:after:swap', show);

// A tab that nobody looks at asks nothing, and asks at once when it is looked at again.
document.addEventListener('htmx:before:request', (event) => {
  if (document.hidden && event.target === pulse()) event.preventDefault();
});
document.addEventListener('visibilitychange', () => document.hidden || pulse()?.dispatchEvent(new Event('cs-again')));

document.addEventListener('keydown', (event) => {
  const search = document.getElementById('cs-q');
  if (event.key !== '/' || !search || event.target.closest('input, textarea, select')) return;
  event.preventDefault();
  search.focus();
});

show();
setInterval(show, 1000);
