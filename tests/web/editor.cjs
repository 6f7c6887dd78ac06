// Somebody writes with the keyboard's shortcuts, drops a photograph into the text and pastes another one, in a real browser.
// Plan: {url, path, password, photo, other}. Returns the text, and what the browser complained about.
const { enter } = require('./office.cjs');
const { box, has, mark, select, text } = require('./writing.cjs');

const saved = (page) => page.waitForFunction(() => document.getElementById('state').textContent === 'Saved', null, { timeout: 60000 });

// A file from the desktop, let go over a place of the page.
async function drop(page, files) {
  await select(page, 0, 0);
  await page.locator('.CodeMirror, #f-body:not([hidden])').first().evaluate((area) => area.scrollIntoView({ block: 'center' }));
  const area = await page.locator('.CodeMirror, #f-body:not([hidden])').first().boundingBox();
  const place = { x: area.x + area.width / 2, y: Math.max(area.y, 0) + 200 }; // below the last words
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await session.send('Input.dispatchDragEvent', { type, ...place, data });
  await session.detach();
}

// The words that the page asks for, and the text with the picture.
async function describe(page, words) {
  await page.locator('#picture-asked').getByLabel('What it shows, for people who cannot see it').waitFor({ timeout: 60000 });
  await page.waitForFunction(() => document.querySelector('#picture-asked img').naturalWidth > 0, null, { timeout: 60000 });
  await page.keyboard.type(words); // the focus is there
  await page.keyboard.press('Enter');
  await has(page, '![' + words + '](');
}

module.exports = async (browser, plan) => {
  const complaints = [];
  const page = await enter(browser, plan, 'ann', complaints, { every: true, permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(plan.url + plan.path);
  await mark(page, 'bold');
  await page.keyboard.press('Control+b');
  await mark(page, 'slanted');
  await page.keyboard.press('Control+i');
  await mark(page, 'the fair');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('https://www.example.org/fair'); // the address is marked
  await mark(page, 'undone');
  await page.keyboard.press('Control+b');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+s');
  await saved(page);
  // A photograph from the desktop.
  await drop(page, [plan.photo]);
  await describe(page, 'The quay at dusk');
  await saved(page);
  // A picture from another program, by the clipboard of the computer.
  await page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) })]);
  }, plan.other);
  await box(page).focus();
  await select(page, -1, -1);
  await page.keyboard.press('Control+v');
  await describe(page, 'A map');
  await saved(page);
  // Two at once are asked for one after the other; leaving out the words is possible.
  await drop(page, [plan.photo, plan.photo]);
  await describe(page, 'First');
  await page.locator('#picture-asked').getByRole('button', { name: 'Later' }).click();
  await has(page, '![](');
  await saved(page);
  const value = await text(page);
  return { text: value, complaints };
};
