// Staff in the browsers of the tests: each has a browser of their own, and has logged in.
const isViolation = (line) => line.type() === 'error' && line.text().includes('Content Security Policy');

// The page of somebody who has logged in. `complaints` gets what fails in it: scripts, what the policy forbids, and with
// `every` whatever stands in the console.
exports.enter = async (browser, plan, name, complaints, { every = false, ...settings } = {}) => {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  if (process.env.SHOW) page.on('framenavigated', (frame) => console.error(frame.url()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (line) => { if (every || isViolation(line)) complaints.push(line.text()); });
  await page.goto(plan.url + '/login');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(plan.password);
  await exports.press(page, 'Log in');
  return page;
};

// What leads to another page, and its button.
exports.go = (page, act) => Promise.all([page.waitForNavigation(), act()]);
exports.press = (page, name, scope) => exports.go(page, () => (scope || page).getByRole('button', { name, exact: true }).click());
