// The whole way of an issue through the office, in real browsers: asked for, approved by a second person, tested, planned,
// moved in the calendar, taken back, sent, looked at while the network is cut, paused, resumed, reported. Plan:
// {url, draft, password, month, from, to}. Returns what was seen, and what the browsers complained about.
const { enter, go, press } = require('./office.cjs');
const patience = { timeout: 60000 };

module.exports = async (browser, plan) => {
  const complaints = [];
  const seen = {};
  const kim = await enter(browser, plan, 'kim', complaints);
  await kim.goto(plan.url + plan.draft + '/approval');
  await press(kim, 'Ask for approval');
  const page = await enter(browser, plan, 'bob', complaints);
  await page.goto(plan.url + plan.draft + '/approval');
  await press(page, 'Approve');
  await page.goto(plan.url + plan.draft + '/send');
  await page.getByLabel('E-mail address').fill('boss@example.org');
  await press(page, 'Send a test');
  await page.getByLabel('At this time:').check();
  await page.getByLabel('Date and time').first().fill(plan.from + 'T09:00');
  await page.getByLabel('I have read the issue in all its languages').check();
  await press(page, 'Send the issue');
  const issue = page.url();
  // Dragged to another day.
  await page.goto(plan.url + '/calendar?month=' + plan.month);
  const item = page.locator(`td[data-date="${plan.from}"] li`);
  await go(page, () => item.dragTo(page.locator(`td[data-date="${plan.to}"]`)));
  seen.moved = await page.locator(`td[data-date="${plan.to}"] li`).innerText();
  // Taken back, then sent now; for a moment it counts down.
  await page.goto(issue);
  await press(page, 'Take it back');
  await page.getByLabel('Now: you can take it back for 3 s').check();
  await page.getByLabel('I have read the issue in all its languages').check();
  await press(page, 'Send the issue');
  seen.page = page.url();
  await page.evaluate(() => { window.stays = true; }); // until the page is loaded again
  await page.locator('[data-live=state]').getByText('Sending').waitFor(patience);
  const processed = (number) => page.waitForFunction((least) => Number(document.querySelector('[data-live=progress] dd').textContent) > least, number, patience);
  await processed(1);
  // The network goes, and comes back: the page follows again by itself, and nothing of it was loaded again meanwhile.
  await page.context().setOffline(true);
  const before = await page.evaluate(() => Number(document.querySelector('[data-live=progress] dd').textContent));
  await new Promise((done) => setTimeout(done, 500));
  await page.context().setOffline(false);
  await processed(before);
  await page.locator('[data-live=states]').waitFor(patience);
  seen.stayed = await page.evaluate(() => window.stays === true);
  await press(page, 'Pause');
  seen.paused = await page.locator('[data-live=state]').innerText();
  await press(page, 'Resume');
  // To its end, without a hand on the page, which does not load itself again.
  await page.evaluate(() => { window.stays = true; });
  await page.locator('[data-live=state]').getByText('Sent', { exact: true }).waitFor(patience);
  await page.locator('[data-live=buttons] button').waitFor({ state: 'hidden' });
  seen.stayedToTheEnd = await page.evaluate(() => window.stays === true);
  await go(page, () => page.getByRole('link', { name: 'Report' }).click());
  seen.report = await page.locator('tr.own').innerText();
  return { seen, complaints };
};
