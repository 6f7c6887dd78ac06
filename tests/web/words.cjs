// Counts the words of texts in the editor, as one types. Standard input: {url, path, password, texts: [text]}. Prints what the
// page says for each, and what the browser complained about.
const { launch } = require('./browser.cjs');
const { enter } = require('./office.cjs');
const { write } = require('./writing.cjs');
const fs = require('fs');

async function main() {
  const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
  const browser = await launch();
  const complaints = [];
  const page = await enter(browser, plan, 'ann', complaints);
  await page.goto(plan.url + plan.path);
  const said = [await page.locator('#words').innerText()];
  for (const text of plan.texts) {
    await write(page, text);
    said.push(await page.locator('#words').innerText());
  }
  await browser.close();
  process.stdout.write(JSON.stringify({ said, complaints }));
}

main().catch((error) => { console.error(error); process.exit(1); });
