// Somebody joins, confirms and leaves with a real browser. Plan: {url, steps: [{goto} |
// {fill: {label: text}, exact} | {check: [label]} | {uncheck: [label]} | {select: {label: option}} | {click: name} | {expect: text} | {soon: text} | {gone: text} | {frame: text} | {shot: path} | {token: file}]}. Returns
// what the browser complained about.

async function step(page, url, todo) {
  if (todo.goto) await page.goto(url + todo.goto);
  for (const [label, text] of Object.entries(todo.fill || {})) await page.getByLabel(label, { exact: todo.exact === true }).fill(text);
  for (const label of todo.check || []) await page.getByLabel(label).check();
  for (const label of todo.uncheck || []) await page.getByLabel(label).uncheck();
  for (const [label, option] of Object.entries(todo.select || {})) await page.getByLabel(label).selectOption(option);
  if (todo.click) {
    const target = page.getByRole(todo.role || 'button', { name: todo.click });
    await Promise.all([page.waitForNavigation(), target.first().click()]);
  }
  if (todo.expect && !(await page.textContent('body')).includes(todo.expect)) {
    throw new Error(`'${todo.expect}' is not on ${page.url()}: ${await page.textContent('body')}`);
  }
  if (todo.soon) await page.getByText(todo.soon).locator('visible=true').first().waitFor({ timeout: 60000 });
  if (todo.gone) await page.getByText(todo.gone).first().waitFor({ state: 'hidden', timeout: 60000 });
  if (todo.frame) await page.frameLocator('iframe').getByText(todo.frame).first().waitFor({ timeout: 60000 });
  if (todo.wait) await page.waitForTimeout(todo.wait);
  if (todo.shot) await page.screenshot({ path: todo.shot, fullPage: true });
}

module.exports = async (browser, plan) => {
  const context = await browser.newContext({ javaScriptEnabled: plan.scripts !== false });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  for (const todo of plan.steps) await step(page, plan.url, todo);
  const cookies = (await context.cookies()).map(({ name, secure, httpOnly, sameSite }) => ({ name, secure, httpOnly, sameSite }));
  return { complaints, cookies };
};
