// Counts the words of texts in the editor, as one types. Plan: {url, path, password, texts: [text]}. Returns what the
// page says for each, and what the browser complained about.
const { enter } = require('./office.cjs');
const { write } = require('./writing.cjs');

module.exports = async (browser, plan) => {
  const complaints = [];
  const page = await enter(browser, plan, 'ann', complaints);
  await page.goto(plan.url + plan.path);
  const said = [await page.locator('#words').innerText()];
  for (const text of plan.texts) {
    await write(page, text);
    said.push(await page.locator('#words').innerText());
  }
  return { said, complaints };
};
