// The script of the component does not arrive: somebody writes in the text area. Plan: {url, path, password}. Returns
// what was seen, and what the browser complained about.
const { enter } = require('./office.cjs');
const { box, give, has, mark, marked, select, text } = require('./writing.cjs');

const saved = (page) => page.waitForFunction(() => document.getElementById('state').textContent === 'Saved', null, { timeout: 60000 });

module.exports = async (browser, plan) => {
  const complaints = [];
  const seen = {};
  const page = await enter(browser, plan, 'ann', complaints);
  await page.route('**/codemirror.js', (route) => route.abort());
  await page.goto(plan.url + plan.path);
  seen.area = await page.locator('#f-body').isVisible();
  seen.search = await page.locator('#search').isVisible();
  await mark(page, 'quick');
  await page.keyboard.press('Control+b');
  seen.bold = await text(page);
  await page.keyboard.press('Control+z');
  seen.undone = await text(page);
  await select(page, 0, 0);
  await page.keyboard.press('F8');
  seen.led = [(await marked(page))[1], await page.locator('#told').textContent()];
  await page.keyboard.press('Tab');
  seen.afterTab = await page.evaluate(() => document.activeElement.id);
  await box(page).focus();
  await select(page, -1, -1);
  await give(page, { html: '<p>It is <b>pasted</b>.</p>' });
  await has(page, '**pasted**');
  seen.pasted = await text(page);
  await saved(page);
  seen.text = await text(page);
  return { seen, complaints };
};
