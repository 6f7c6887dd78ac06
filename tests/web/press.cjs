// The whole way of an issue, from an empty page to its report, in real browsers: begun, written in two languages, pasted
// from Word, with a picture, looked at, corrected where the check says so, approved by a second person, tested, planned,
// moved, taken back, sent, followed while the server is started again, paused, resumed, reported. Plan: {url,
// password, scripts, html, picture, document, month, from, to, folder}; `scripts` false: all of it that needs none.
// Returns what was seen, and what the browsers complained about.
const { enter, go, press } = require('./office.cjs');
const writing = require('./writing.cjs');
const fs = require('fs');
const patience = { timeout: 60000 };

const saved = (page) => page.waitForFunction((word) => document.getElementById('state').textContent === word, 'Saved', patience);
const findings = (page) => page.locator('#findings');

async function write(page, plan, text, cut) {
  await writing.write(page, text);
  if (!plan.scripts) return press(page, 'Save');
  await writing.before(page, cut);
  return saved(page);
}

// ---- writing ----

async function begin(page, plan) {
  await page.goto(plan.url + '/drafts');
  const scratch = page.locator('form').filter({ has: page.getByRole('heading', { name: 'From scratch' }) });
  await scratch.getByLabel('Title').fill('Yurts at the quay');
  await press(page, 'Begin', scratch);
  await page.locator('#f-number').fill('No 1');
  await page.locator('#f-date').fill('2026-08-25');
  await write(page, plan, 'A yurt for {{name|you}}.\n\nThe end.\n', 'The end');
  return page.url().split('?')[0];
}

// From the clipboard of Word where there are scripts, else from a file of it.
async function fromWord(page, plan) {
  if (!plan.scripts) {
    await page.getByLabel('Word (.docx)').setInputFiles(plan.document);
    return press(page, 'Add it to the end of the text', page.locator('form').filter({ has: page.locator('#document') }));
  }
  await writing.give(page, { html: plan.html });
  await writing.has(page, '**pasted**');
  return saved(page);
}

// Dropped into the text, where it is asked what it shows.
async function picture(page, plan) {
  if (!plan.scripts) {
    await page.locator('#picture').setInputFiles(plan.picture);
    await page.locator('#alt').fill('A quay at dusk');
    return press(page, 'Add it to the end of the text', page.locator('form').filter({ has: page.locator('#picture') }));
  }
  const bytes = fs.readFileSync(plan.picture).toString('base64');
  await writing.select(page, -1, -1);
  await writing.give(page, { name: 'quay.png', type: 'image/png', bytes });
  const asked = page.locator('#picture-asked');
  await asked.waitFor();
  await asked.getByRole('textbox').fill('A quay at dusk');
  await asked.getByRole('button', { name: 'Put it into the text' }).click();
  await writing.has(page, '![A quay at dusk](<quay.png>)');
  return saved(page);
}

// A heading that skips a level: a click puts it right.
async function correct(page, plan, seen) {
  const text = await writing.text(page);
  await write(page, plan, text + '\n## First\n\nWords.\n\n#### Too deep\n\nMore words.\n', 'First');
  const fix = findings(page).getByRole('button', { name: /^Fix it/ }).first();
  await fix.waitFor();
  seen.wrong = await findings(page).innerText();
  if (plan.scripts) {
    await fix.click();
    await page.waitForFunction(() => !document.getElementById('f-body').value.includes('#### Too deep'), null, patience);
    await saved(page);
  } else {
    await go(page, () => fix.click());
  }
  seen.text = await writing.text(page);
  seen.corrected = /^### Too deep$/m.test(seen.text);
}

async function second(page, plan, draft) {
  await page.goto(draft);
  await page.locator('summary').filter({ hasText: 'Languages' }).click();
  await page.locator('#language').fill('ru');
  await press(page, 'Add the language');
  const tab = page.getByRole('navigation', { name: 'Languages' }).locator('a[lang=ru]');
  if (!(await tab.getAttribute('aria-current'))) await go(page, () => tab.click());
  await page.locator('#f-title').fill('Юрты на набережной');
  const text = await writing.text(page);
  await write(page, plan, text.replace('A yurt for {{name|you}}.', 'Юрта для {{name|вас}}.'), 'Юрта');
}

async function preview(page, seen) {
  const frame = page.frameLocator('#preview');
  await frame.getByText('Юрта для').waitFor();
  seen.preview = await frame.locator('body').innerText();
  seen.findings = await findings(page).innerText();
}

// ---- sending ----

const sure = (page) => page.getByLabel('I have read the issue in all its languages').check();

async function plan_it(page, plan) {
  await page.getByLabel('At this time:').check();
  await page.getByLabel('Date and time').first().fill(plan.from + 'T09:00');
  await sure(page);
  await press(page, 'Send the issue');
}

async function move(page, plan, seen) {
  await page.goto(plan.url + '/calendar?month=' + plan.month);
  if (plan.scripts) {
    await go(page, () => page.locator(`td[data-date="${plan.from}"] li`).dragTo(page.locator(`td[data-date="${plan.to}"]`)));
  } else {
    const form = page.locator('form').filter({ has: page.locator('input[name=at]') }).first();
    if (await form.locator('xpath=ancestor::details').count()) await form.locator('xpath=ancestor::details').locator('summary').click();
    await form.locator('input[name=at]').fill(plan.to + 'T09:00');
    await go(page, () => form.getByRole('button').click());
  }
  seen.moved = await page.locator(`td[data-date="${plan.to}"] li`).innerText();
}

// Without scripts the page loads itself again; a look at it is a look at the present.
async function until(page, plan, holds) {
  for (let left = 600; left > 0; left--) {
    const state = await page.locator('[data-live=state]').innerText().catch(() => '');
    const done = Number((/\d+/.exec(await page.locator('[data-live=progress] dd').first().innerText().catch(() => '')) || ['0'])[0]);
    if (holds(state.trim(), done)) return done;
    await page.waitForTimeout(100);
    if (!plan.scripts && left % 10 === 0) await page.reload().catch(() => 0);
  }
  throw new Error('it did not come to that: ' + (await page.locator('[data-live=state]').innerText()));
}

// The server is started again in the middle; nobody touches the page.
async function restart(page, plan, seen, before) {
  fs.writeFileSync(plan.folder + '/restart', '');
  while (!fs.existsSync(plan.folder + '/restarted')) await page.waitForTimeout(100);
  if (!plan.scripts) await page.reload();
  seen.back = await until(page, plan, (state, done) => done > before) > before;
}

async function send(page, plan, seen) {
  await page.getByLabel('Now: you can take it back for 3 s').check();
  await sure(page);
  await press(page, 'Send the issue');
  const issue = page.url();
  seen.countdown = await page.locator('[data-live=progress]').innerText();
  const begun = await until(page, plan, (state, done) => state === 'Sending' && done > 1);
  await restart(page, plan, seen, begun);
  await press(page, 'Pause');
  await until(page, plan, (state) => state.startsWith('Paused'));
  seen.paused = await page.locator('[data-live=state]').innerText();
  await press(page, 'Resume');
  await until(page, plan, (state) => state === 'Sent');
  await go(page, () => page.getByRole('link', { name: 'Report', exact: true }).click());
  seen.report = await page.locator('tr.own').innerText();
  return issue;
}

module.exports = async (browser, plan) => {
  const complaints = [];
  const seen = {};
  const kim = await enter(browser, plan, 'kim', complaints, { javaScriptEnabled: plan.scripts });
  const draft = await begin(kim, plan);
  await fromWord(kim, plan);
  await picture(kim, plan);
  await correct(kim, plan, seen);
  await second(kim, plan, draft);
  await preview(kim, seen);
  await kim.goto(draft + '/approval');
  await kim.getByLabel('Your words to those who approve').fill('Please, by noon');
  await press(kim, 'Ask for approval');
  const bob = await enter(browser, plan, 'bob', complaints, { javaScriptEnabled: plan.scripts });
  await bob.goto(draft + '/send');
  seen.held = await bob.locator('main').innerText();
  await bob.goto(draft + '/approval');
  seen.asked = await bob.locator('main').innerText();
  await press(bob, 'Approve');
  await bob.goto(draft + '/send');
  await bob.getByLabel('E-mail address').fill('boss@example.org');
  await press(bob, 'Send a test');
  await bob.getByLabel('Readers of the language').selectOption('');
  await plan_it(bob, plan);
  const issue = bob.url();
  await move(bob, plan, seen);
  await bob.goto(issue);
  await press(bob, 'Take it back');
  await send(bob, plan, seen);
  return { seen, complaints };
};
