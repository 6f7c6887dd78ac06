// A whole issue by keyboard alone, in a real browser: every step is Tab, typing and keys of buttons and lists. Plan:
// {url, password}. Returns what the browser complained about.

// Goes on with Tab until the element with the focus fits, as somebody does who cannot point.
async function reach(page, name) {
  for (let i = 0; i < 250; i++) {
    if (i > 0) await page.keyboard.press('Tab'); // a page may begin in its first field
    const label = await page.evaluate(() => {
      const at = document.activeElement;
      const labels = at.labels && at.labels.length ? Array.from(at.labels).map((one) => one.textContent).join(' ') : '';
      return (at.getAttribute('aria-label') || labels || at.textContent || '').trim();
    });
    if (label === name || (name instanceof RegExp && name.test(label))) return;
  }
  throw new Error('no way by Tab to ' + name);
}

const saved = (page) => page.waitForFunction(() => document.getElementById('state').textContent === 'Saved', null, { timeout: 60000 });
const press = (page, key) => Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);

module.exports = async (browser, plan) => {
  const page = await (await browser.newContext()).newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(plan.url + '/login');
  await reach(page, 'User name');
  await page.keyboard.type('ann');
  await reach(page, 'Password');
  await page.keyboard.type(plan.password);
  await press(page, 'Enter');
  await reach(page, 'Press room');
  await press(page, 'Enter');
  await reach(page, 'Title');
  await page.keyboard.type('Ferries');
  await press(page, 'Enter');
  // Enter in a field saves, and does nothing else.
  await reach(page, 'Number');
  await page.keyboard.type('No 7');
  await press(page, 'Enter');
  await reach(page, 'Events');
  await page.keyboard.press('Enter');
  for (const name of ['Fair', 'Open day']) {
    await reach(page, 'Add an event');
    await page.keyboard.press('Enter');
    await page.keyboard.type(name);
    await reach(page, 'Day');
    await page.keyboard.type('09142036');
  }
  await page.keyboard.press('Shift+Tab');
  await reach(page, 'Remove'); // that of the second event
  await page.keyboard.press('Space');
  await reach(page, 'Snippet');
  await reach(page, 'Text');
  await page.keyboard.type('Dear readers,\n\nthe ferries go again, from the quay, every day but Sunday, at nine and at ten.\n\n# Timetable\n\nSee below.\n\n');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter'); // the button of the snippet
  await page.waitForFunction(() => document.getElementById('f-body').value.includes('Ask the press office.'), null, { timeout: 60000 });
  await saved(page);
  await reach(page, /^Fix it: line \d+$/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.getElementById('f-body').value.includes('\n## Timetable'), null, { timeout: 60000 });
  await saved(page);
  await reach(page, 'Test and send ...');
  await press(page, 'Enter');
  await reach(page, /^Now: /);
  await page.keyboard.press('Space');
  await reach(page, 'I have read the issue in all its languages');
  await page.keyboard.press('Space');
  await reach(page, 'Send the issue');
  await press(page, 'Enter');
  return { complaints };
};
