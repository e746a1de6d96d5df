// The values of a chart under the pointer, the finger and the arrow keys. Without scripts they are the titles of its points.
const pointsOf = (field) => [...field.querySelectorAll('.cs-point')];
const placeOf = (point) =>
  Number.parseFloat((point.getAttribute('cx') ?? point.getAttribute('x1') ?? point.getAttribute('x')) || 0);

// A chart becomes a slider over its points, also after the page has changed.
function prepare() {
  for (const field of document.querySelectorAll('.cs-field:not([tabindex])')) {
    const { length } = pointsOf(field);
    if (length === 0) continue;
    const set = { tabindex: 0, role: 'slider', 'aria-valuemin': 1, 'aria-valuemax': length };
    for (const [name, value] of Object.entries(set)) field.setAttribute(name, value);
    tell(field, length - 1);
  }
}

const tell = (field, index) => {
  field.setAttribute('aria-valuenow', index + 1);
  field.setAttribute('aria-valuetext', pointsOf(field)[index].querySelector('title').textContent);
};

function show(field, index) {
  hide(field);
  const point = pointsOf(field)[index];
  point.classList.add('cs-on');
  const cursor = field.querySelector('.cs-cursor');
  for (const end of ['x1', 'x2']) cursor.setAttribute(end, `${placeOf(point)}%`);
  cursor.classList.add('cs-on');
  tell(field, index);
  field.closest('figure').querySelector('.cs-value').textContent = field.getAttribute('aria-valuetext');
}

function hide(field) {
  for (const one of field.querySelectorAll('.cs-on')) one.classList.remove('cs-on');
  field.closest('figure').querySelector('.cs-value').textContent = '';
}

// The point that is nearest, also a finger's breadth away.
function nearest(field, { clientX, clientY }) {
  const box = field.getBoundingClientRect();
  const distance = (point) => {
    const { top, height } = point.getBoundingClientRect();
    const aside = Math.abs((placeOf(point) / 100) * box.width + box.left - clientX);
    return aside * 10 + Math.abs(top + height / 2 - clientY);
  };
  const distances = pointsOf(field).map(distance);
  return distances.indexOf(Math.min(...distances));
}

const fieldOf = ({ target }) => target.closest?.('.cs-field[tabindex]');
for (const kind of ['pointermove', 'pointerdown'])
  document.addEventListener(kind, (event) => {
    const field = fieldOf(event);
    for (const other of document.querySelectorAll('.cs-field:has(.cs-on)')) if (other !== field) hide(other);
    if (field) show(field, nearest(field, event));
  });
document.addEventListener('focusin', (event) => {
  const field = fieldOf(event);
  if (field?.matches(':focus-visible')) show(field, Number(field.getAttribute('aria-valuenow')) - 1);
});
document.addEventListener('focusout', (event) => fieldOf(event) && hide(fieldOf(event)));
document.addEventListener('keydown', (event) => {
  const field = fieldOf(event);
  if (!field) return;
  const last = Number(field.getAttribute('aria-valuemax')) - 1;
  const now = Number(field.getAttribute('aria-valuenow')) - 1;
  const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: last }[
    event.key
  ];
  if (to === undefined) return;
  event.preventDefault();
  show(field, Math.max(0, Math.min(last, to)));
});
document.addEventListener('htmx:after:swap', prepare);
prepare();
