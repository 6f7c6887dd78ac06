// Pastes samples of other programs into the editor, and a page that Chromium itself copies. Plan:
// {url, path, password, samples: [html]}. Returns the text and what is said to be left out, for each, and what the browser complained about.
const { enter } = require('./office.cjs');
const { box, give, text, write } = require('./writing.cjs');

const PAGE = `<style>h2{color:red} .late{display:none}</style><h2>Timetable</h2><p>The <b>ferries</b> sail to <a href="https://www.example.org/fair">the
<i>fair</i></a> at 9&nbsp;h, “quoted”.<span class="late">hidden</span></p><ol><li>First<ul><li>Below</li></ul></li><li>Second</li></ol>
<table border="1"><tr><th colspan="2">Boat</th><th>Price</th></tr><tr><td rowspan="2">Star</td><td>Single</td><td>1</td></tr><tr><td>Return</td><td>2</td></tr></table>
<p dir="rtl">تبحر <b>العبّارات</b></p><script>document.title = 'x'</script>`;

// The text when the server has made Markdown of it, and what it says.
async function result(page, act) {
  await write(page, '');
  await box(page).focus();
  await Promise.all([
    page.waitForResponse((answer) => answer.request().method() === 'POST' && (answer.request().postData() || '').includes('name="html"')), act(),
  ]);
  await page.waitForFunction(() => document.getElementById('f-body').value !== '', null, { timeout: 60000 });
  return [await text(page), await page.locator('#told').textContent()];
}

module.exports = async (browser, plan) => {
  const complaints = [];
  const page = await enter(browser, plan, 'ann', complaints, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.goto(plan.url + plan.path);
  const pasted = [];
  for (const html of plan.samples) {
    pasted.push(await result(page, () => give(page, { html })));
  }
  const other = await page.context().newPage();
  await other.setContent(PAGE);
  await other.keyboard.press('Control+a');
  await other.keyboard.press('Control+c');
  await page.bringToFront();
  const copied = await result(page, () => page.keyboard.press('Control+v'));
  return { pasted, copied, complaints };
};
