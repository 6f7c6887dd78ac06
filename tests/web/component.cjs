// Somebody works with the component in which the text is written: colours, marks at lines, search, undo, the way out by keyboard.
// Plan: {url, path, password, arabic}. Returns what was seen, and what the browser complained about.
const { enter } = require('./office.cjs');
const { before, box, has, mark, marked, select, text } = require('./writing.cjs');
const { violations } = require('./rules.cjs');

const saved = (page) => page.waitForFunction(() => document.getElementById('state').textContent === 'Saved', null, { timeout: 60000 });
const focus = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);

// The words of each colour.
const coloured = (page) => page.evaluate(() => {
  const found = {};
  for (const kind of ['header', 'strong', 'em', 'link', 'url', 'quote', 'field']) {
    found[kind] = [...document.querySelectorAll('.CodeMirror .cm-' + kind)].map((span) => span.textContent).join('');
  }
  return found;
});

// Each sign at the edge of the text: its line, what it says, and how it is named.
const signs = (page) => page.evaluate(() => {
  const cm = document.querySelector('.CodeMirror').CodeMirror;
  const found = [];
  cm.eachLine((line) => {
    const sign = line.gutterMarkers && line.gutterMarkers.marks;
    if (sign) found.push([line.text, sign.textContent, sign.title]);
  });
  return found;
});

async function search(page, seen) {
  await select(page, 0, 0);
  await page.keyboard.press('Control+f');
  seen.inSearch = await focus(page);
  await page.keyboard.type('FERRY');
  await page.keyboard.press('Enter');
  const said = page.locator('#search-box [role=status]');
  seen.found = [await said.textContent(), (await marked(page))[1]];
  await page.keyboard.press('Enter');
  seen.found.push(await said.textContent());
  await page.keyboard.press('Shift+Enter');
  seen.found.push(await said.textContent());
  await page.keyboard.press('Tab');
  await page.keyboard.type('boat');
  await page.keyboard.press('Enter'); // replaces it, and goes on
  seen.one = (await text(page)).match(/boat|ferry/gi);
  await page.locator('[data-search=all]').click();
  seen.all = [(await text(page)).match(/boat|ferry/gi), await said.textContent()];
  seen.searchProblems = await violations(page);
  await page.locator('#f-find').fill('zeppelin');
  await page.keyboard.press('Enter');
  seen.nothing = await said.textContent();
  await page.keyboard.press('Escape');
  seen.back = await focus(page);
  await page.keyboard.press('Control+z'); // all at once
  seen.undone = (await text(page)).match(/boat|ferry/gi);
  await page.keyboard.press('Control+z');
}

async function keys(page, seen) {
  await select(page, 0, 0);
  seen.said = [];
  for (const key of ['F8', 'F8', 'Shift+F8']) {
    await page.keyboard.press(key);
    seen.said.push([(await marked(page))[1], await page.locator('#told').textContent()]);
  }
  await page.keyboard.press('Tab');
  seen.afterTab = await focus(page);
  await box(page).focus();
  await page.keyboard.press('Shift+Tab');
  seen.beforeTab = await focus(page);
  await page.locator('.CodeMirror .sign-warning').last().click();
  seen.clicked = (await marked(page))[1];
}

// Words that somebody else has written in the meantime stay when one's own are undone.
async function together(browser, page, plan, seen, complaints) {
  const other = await enter(browser, plan, 'bob', complaints);
  await other.goto(plan.url + plan.path);
  await mark(page, 'quick');
  await page.keyboard.press('Control+b');
  await saved(page);
  await has(other, '**quick**');
  await before(other, 'Last');
  await other.keyboard.type('His. ');
  await saved(other);
  await has(page, 'His. Last');
  await box(page).focus();
  await page.keyboard.press('Control+z');
  await has(page, 'The quick ferry');
  seen.both = await text(page);
  await page.keyboard.press('Control+y');
  await saved(page);
  await other.close();
}

async function lists(page, seen) {
  await select(page, -1, -1);
  await page.keyboard.type('\n- one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.type('After.');
  seen.list = (await text(page)).split('\n').slice(-4);
  await saved(page);
}

module.exports = async (browser, plan) => {
  const complaints = [];
  const seen = {};
  const page = await enter(browser, plan, 'ann', complaints, { every: true });
  await page.goto(plan.url + plan.path);
  await box(page).focus();
  const attributes = ['role', 'lang', 'spellcheck', 'aria-label', 'aria-multiline', 'aria-describedby'];
  seen.attributes = await box(page).evaluate((element, names) => names.map((name) => element.getAttribute(name)), attributes);
  seen.colours = await coloured(page);
  seen.signs = await signs(page);
  await keys(page, seen);
  await search(page, seen);
  await together(browser, page, plan, seen, complaints);
  await lists(page, seen);
  await page.goto(plan.url + plan.path + '?text=ar');
  seen.arabic = await box(page).evaluate((element) => [element.lang, getComputedStyle(element.querySelector('pre')).direction, element.getAttribute('spellcheck')]);
  await select(page, 0, 0);
  await page.keyboard.press('ArrowLeft'); // forward, from right to left
  await page.keyboard.press('Shift+ArrowLeft');
  seen.moved = (await marked(page))[1];
  seen.problems = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    seen.problems.push(...await violations(page));
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/component-${colorScheme}.png`, fullPage: true });
  }
  return { seen, complaints };
};
