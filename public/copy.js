// Copy buttons. Listens on the document, so that parts of the page may be replaced; without scripts no button is shown.
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
  button.textContent = told;
  document.getElementById('cs-told').textContent = told;
  setTimeout(() => {
    button.textContent = label;
    document.getElementById('cs-told').textContent = '';
  }, 2500);
});
