// Copy buttons, lines to complete, and steps by device. Listens on the document, so that parts of the page may be replaced; without scripts no button is shown.
document.documentElement.classList.add('cs-scripted');

// Browsers keep the clipboard for HTTPS and this very machine; elsewhere the old way still works.
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}

document.addEventListener('click', async ({ target }) => {
  const button = target.closest('.cs-copy-button');
  if (!button) return;
  const { label, copied, selected } = button.dataset;
  const told = (await copy(button.parentElement.querySelector('.cs-copy'))) ? copied : selected;
  const text = button.querySelector('span');
  text.textContent = told;
  button.classList.add('cs-done');
  text.classList.remove('cs-hidden');
  document.getElementById('cs-told').textContent = told;
  setTimeout(() => {
    text.textContent = label;
    button.classList.remove('cs-done');
    text.classList.add('cs-hidden');
    document.getElementById('cs-told').textContent = '';
  }, 2500);
});

// Lines with a part that only the reader knows are completed as it is typed. What was typed outlives a new part of the page.
const typed = {};
function fill() {
  const good = {};
  for (const field of document.querySelectorAll('.cs-fill input')) {
    if (field.name in typed) field.value = typed[field.name];
    if (field.value && field.checkValidity()) good[field.name] = field.value;
  }
  for (const line of document.querySelectorAll('.cs-line[data-line]')) {
    const text = line.dataset.line.replace(/<(\w+)>/g, (hole, name) => good[name] ?? hole);
    line.querySelector('.cs-copy').textContent = text;
    line.classList.toggle('cs-open', /<\w+>/.test(text));
  }
}
document.addEventListener('input', ({ target }) => {
  if (!target.closest('.cs-fill')) return;
  typed[target.name] = target.value.trim();
  fill();
});
document.addEventListener('submit', (event) => {
  if (event.target.matches('.cs-fill')) event.preventDefault();
});
document.addEventListener('htmx:after:swap', fill);

// The steps for the device that was chosen last, else for the one at hand.
const DEVICE = 'cs-device';
const guessed = /Android|iPhone|iPad/.test(navigator.userAgent)
  ? 'phone'
  : /Windows|Macintosh/.test(navigator.userAgent)
    ? 'desktop'
    : 'linux';
function chosen() {
  try {
    return localStorage.getItem(DEVICE) ?? guessed;
  } catch {
    return guessed;
  }
}
if (!document.querySelector('.cs-fill [value]:not([value=""])'))
  for (const fold of document.querySelectorAll('.cs-devices > details'))
    if (fold.dataset.on === chosen()) fold.open = true;
document.addEventListener('click', ({ target }) => {
  const fold = target.closest('.cs-devices > details > summary')?.parentElement;
  try {
    if (fold) localStorage.setItem(DEVICE, fold.dataset.on);
  } catch {}
});
