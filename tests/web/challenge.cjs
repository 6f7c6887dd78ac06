// Joins where the form asks for a proof of work. Plan: {url, address}. Returns what the visitor is told, and whatever the
// browser complained about.
module.exports = async (browser, { url, address }) => {
  const page = await browser.newPage();
  const problems = [];
  page.on('console', message => problems.push(message.text()));
  page.on('pageerror', error => problems.push(String(error)));
  await page.goto(url + '/join');
  await page.fill('#email', address);
  await page.waitForTimeout(2100); // nobody fills in a form faster
  await page.click('main button[type=submit]');
  await page.waitForFunction(() => !document.querySelector('input[name=proof]'), null, { timeout: 60000 });
  return { text: await page.textContent('main'), problems };
};
