// Joins where the form asks for a proof of work: challenge.cjs URL ADDRESS prints what the visitor is told, and
// whatever the browser complained about.
const { launch } = require('./browser.cjs');

(async () => {
  const [url, address] = process.argv.slice(2);
  const browser = await launch();
  const page = await browser.newPage();
  const problems = [];
  page.on('console', message => problems.push(message.text()));
  page.on('pageerror', error => problems.push(String(error)));
  await page.goto(url + '/join');
  await page.fill('#email', address);
  await page.waitForTimeout(2100); // nobody fills in a form faster
  await page.click('main button[type=submit]');
  await page.waitForFunction(() => !document.querySelector('input[name=proof]'), null, { timeout: 60000 });
  console.log(JSON.stringify({ text: await page.textContent('main'), problems }));
  await browser.close();
})().catch(error => { console.error(error); process.exit(1); });
