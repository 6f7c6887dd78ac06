// The text of the press room's editor in the browsers of the tests: CodeMirror, or the text area where there is none of it.
const patience = { timeout: 60000 };

// Where one types. Both have the same name, which is in the language of the page.
exports.box = (page) => page.locator('#write, #f-body:not([hidden])');

// The text as the form would send it.
exports.text = (page) => page.locator('#f-body').inputValue();

exports.has = (page, words) => page.waitForFunction((wanted) => document.getElementById('f-body').value.includes(wanted), words, patience);

// Selects from one place of the text to another, as somebody does with Shift and the arrows; a negative one counts from the end.
exports.select = (page, from, to) => page.evaluate(([start, end]) => {
  const area = document.getElementById('f-body');
  const [first, last] = [start, end].map((at) => (at < 0 ? area.value.length + 1 + at : at));
  const wrapper = document.querySelector('.CodeMirror');
  if (!wrapper) {
    area.focus();
    area.setSelectionRange(first, last);
    return;
  }
  const cm = wrapper.CodeMirror;
  cm.focus();
  cm.setSelection(cm.posFromIndex(first), cm.posFromIndex(last));
}, [from, to]);

// Marks the first place of some words; or puts the caret before them.
exports.mark = async (page, words) => {
  const at = (await exports.text(page)).indexOf(words);
  return exports.select(page, at, at + words.length);
};
exports.before = async (page, words) => {
  const at = (await exports.text(page)).indexOf(words);
  return exports.select(page, at, at);
};

// What is marked, and its language.
exports.marked = (page) => page.evaluate(() => {
  const wrapper = document.querySelector('.CodeMirror');
  const area = document.getElementById('f-body');
  if (!wrapper) return [area.lang, area.value.slice(area.selectionStart, area.selectionEnd)];
  return [wrapper.CodeMirror.getInputField().lang, wrapper.CodeMirror.getSelection()];
});

// Another text in the place of all.
exports.write = async (page, text) => {
  if (!(await page.locator('.CodeMirror').count())) return exports.box(page).fill(text);
  await exports.select(page, 0, -1);
  await page.keyboard.press('Delete');
  if (text) await exports.give(page, { plain: text });
  return page.waitForFunction((wanted) => document.getElementById('f-body').value === wanted, text, patience);
};

// Something of the clipboard, or a file that is let go: {plain}, {html} or {name, type, bytes} in base64.
exports.give = (page, what) => exports.box(page).evaluate((box, given) => {
  const data = new DataTransfer();
  const settings = { bubbles: true, cancelable: true };
  if (given.html || given.plain) {
    if (given.html) data.setData('text/html', given.html);
    data.setData('text/plain', given.plain || 'plain');
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, ...settings }));
    return;
  }
  const bytes = Uint8Array.from(atob(given.bytes), (sign) => sign.charCodeAt(0));
  data.items.add(new File([bytes], given.name, { type: given.type }));
  const place = box.getBoundingClientRect();
  box.dispatchEvent(new DragEvent('drop', { dataTransfer: data, clientX: place.left + 5, clientY: place.bottom - 5, ...settings }));
}, what);
