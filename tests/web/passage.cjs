// Somebody marks passages of an issue with the mouse and comments on them, and the writer follows each comment into the text, in
// real browsers. Plan: {url, path, password, passages: [{language, from, to}], copied, gone: [old, new],
// versions}. Returns what the page took for each passage, what each comment led to, how the changed lines of two versions
// run, and what the browsers complained about.
const { enter, go, press } = require('./office.cjs');
const { box, marked, text, write } = require('./writing.cjs');

// Where the first or the last sign of some words begins or ends on the page.
const place = (region, words, last) => region.evaluate((box, [wanted, end]) => {
  const texts = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const at = texts.currentNode.data.indexOf(wanted);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(texts.currentNode, end ? at + wanted.length - 1 : at);
    range.setEnd(texts.currentNode, end ? at + wanted.length : at + 1);
    const [sign] = range.getClientRects();
    const rtl = getComputedStyle(texts.currentNode.parentElement).direction === 'rtl';
    return { x: rtl === end ? sign.left + 0.5 : sign.right - 0.5, y: sign.top + sign.height / 2 };
  }
  throw new Error('not on the page: ' + wanted);
}, [words, last]);

async function comment(page, passage, words) {
  const region = page.locator(`.paragraphs[lang=${passage.language}]`);
  await region.scrollIntoViewIfNeeded();
  const start = await place(region, passage.from, false);
  const end = await place(region, passage.to, true);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  await page.mouse.move(end.x, end.y, { steps: 8 });
  await page.mouse.up();
  await page.getByLabel('Your words', { exact: true }).fill(words);
  const taken = await page.locator('#passage').inputValue();
  await press(page, 'Comment');
  return taken;
}

// The words that are marked in the text, and in which language, after a click on a passage.
async function follow(page, path, at) {
  await page.goto(path + '?text=en');
  const link = page.locator(`#said-${at} blockquote a`);
  if ((await link.getAttribute('href')).startsWith('#')) await link.click();
  else await go(page, () => link.click());
  const place = await box(page).elementHandle();
  await page.waitForFunction((element) => document.activeElement === element, place, { timeout: 60000 });
  return marked(page);
}

module.exports = async (browser, plan) => {
  const complaints = [];
  const taken = [];
  const led = [];
  const bob = await enter(browser, plan, 'bob', complaints);
  await bob.goto(plan.url + plan.path + '/approval');
  for (const [at, passage] of plan.passages.entries()) taken.push(await comment(bob, passage, 'Word ' + at));
  await bob.locator('#passage').fill(plan.copied); // from the mail that the page shows
  await bob.getByLabel('Your words', { exact: true }).fill('Copied');
  await press(bob, 'Comment');
  const ann = await enter(browser, plan, 'ann', complaints);
  for (let at = 0; at <= plan.passages.length; at++) led.push(await follow(ann, plan.url + plan.path, at));
  // The passage is written again: the comment stays, and says that there is no such place.
  await ann.goto(plan.url + plan.path + '?text=en');
  await write(ann, (await text(ann)).replace(...plan.gone));
  await ann.waitForFunction(() => document.getElementById('state').textContent === 'Saved', null, { timeout: 60000 });
  await ann.locator('#said-0 blockquote a').click();
  await ann.locator('#told').filter({ hasText: /./ }).waitFor();
  const told = await ann.locator('#told').innerText();
  await ann.goto(plan.url + plan.versions);
  const run = await ann.$$eval('.changed pre:has(ins, del)', (lines) => lines.map((line) => getComputedStyle(line).direction));
  return { taken, led, told, run, complaints };
};
