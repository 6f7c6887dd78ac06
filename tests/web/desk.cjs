// Two people write in one draft, and the network is cut, in real browsers. Plan: {url, path, password}. Returns
// what each saw, and what browsers complained about.
const { enter } = require('./office.cjs');
const writing = require('./writing.cjs');

async function open(browser, plan, name, complaints) {
  const page = await enter(browser, plan, name, complaints);
  await page.goto(plan.url + plan.path);
  return { context: page.context(), page };
}

const saved = (who) => who.page.waitForFunction((word) => document.getElementById('state').textContent === word, 'Saved', { timeout: 60000 });
const type = async (who, before, words) => {
  await writing.before(who.page, before);
  await who.page.keyboard.type(words);
};
const has = (who, words) => writing.has(who.page, words);

module.exports = async (browser, plan) => {
  const complaints = [];
  const ann = await open(browser, plan, 'ann', complaints);
  const bob = await open(browser, plan, 'bob', complaints);
  // Both type at once, in different paragraphs.
  await Promise.all([type(ann, 'First', 'Hers. '), type(bob, 'Second', 'His. ')]);
  await Promise.all([saved(ann), saved(bob)]);
  await has(ann, 'His. Second');
  await has(bob, 'Hers. First');
  await bob.page.locator('#people').getByText('ann').waitFor({ timeout: 60000 });
  // The network goes in the middle of typing; the page is closed, and opened again.
  await ann.context.setOffline(true);
  await type(ann, 'Third', 'Offline. ');
  await ann.page.waitForFunction(() => document.getElementById('state').className === 'alarm', null, { timeout: 60000 });
  await ann.context.setOffline(false);
  await saved(ann);
  await has(bob, 'Offline. Third');
  await bob.context.setOffline(true);
  await type(bob, 'Third', 'Closed. ');
  await bob.page.waitForFunction(() => document.getElementById('state').className === 'alarm', null, { timeout: 60000 });
  bob.page.on('dialog', (dialog) => dialog.accept());
  await bob.page.close();
  await bob.context.setOffline(false);
  bob.page = await bob.context.newPage();
  await bob.page.goto(plan.url + plan.path);
  await bob.page.locator('#restore').click();
  await saved(bob);
  // A table, by keyboard alone.
  await writing.select(bob.page, -1, -1);
  await bob.page.getByRole('button', { name: 'Table', exact: true }).focus();
  await bob.page.keyboard.press('Enter');
  for (const cell of ['Time', 'What', '9:30', 'Tea | cake']) {
    await bob.page.keyboard.type(cell);
    await bob.page.keyboard.press('Tab');
  }
  await bob.page.getByRole('button', { name: 'Put it into the text' }).focus();
  await bob.page.keyboard.press('Enter');
  // Text of Word from the clipboard.
  await writing.give(bob.page, { html: plan.html });
  await has(bob, '**pasted**');
  await saved(bob);
  const text = await writing.text(bob.page);
  return { text, complaints };
};
