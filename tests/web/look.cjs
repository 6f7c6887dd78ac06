// Opens pages in headless Chromium, as the plan says: a JSON list of {url, width, dark,
// mail, shot, cookie}.
// Returns for each what axe-core objects to, how wide it is, which words of tables are broken, and what it asked the
// network for.
const { prepare, violations } = require('./rules.cjs');

// Words of tables of which a part stands in another line, though they are shorter than most names.
function brokenWords() {
  const broken = [];
  for (const cell of document.querySelectorAll('td, th')) {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (cell.matches(':not(:has(table))') && texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/(?<!\S)[\p{L}\p{N}:.]{2,8}(?!\S)/gu)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top / 8)));
        if (lines.size > 1) broken.push(word[0]);
      }
    }
  }
  return broken;
}

// A page of its own for each width and cookie, which keeps its process from one address to the next.
async function open(browser, job, pages) {
  const key = `${job.width} ${job.cookie}`;
  if (!pages.has(key)) {
    const context = await browser.newContext({ extraHTTPHeaders: job.cookie ? { Cookie: job.cookie } : {} });
    await prepare(context);
    const opened = { page: await context.newPage(), requests: [], url: null };
    opened.page.on('request', (request) => {
      if (!/^(file|data|about):/.test(request.url())) opened.requests.push(request.url());
    });
    pages.set(key, opened);
  }
  return pages.get(key);
}

// The second scheme of a page is shown without loading it again: of what axe-core asks, it can only change the colours.
async function look(browser, job, pages) {
  const opened = await open(browser, job, pages);
  const { page } = opened;
  const again = opened.url === job.url;
  await page.setViewportSize({ width: job.width, height: 900 });
  await page.emulateMedia({ colorScheme: job.dark ? 'dark' : 'light' });
  if (!again) {
    opened.requests.length = 0;
    opened.url = job.url;
    await page.goto(job.url, { waitUntil: 'load' });
  }
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  const scheme = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const broken = await page.evaluate(brokenWords);
  const complaints = await violations(page, job.mail, again ? ['color-contrast', 'link-in-text-block'] : null);
  // Frames below the fold are not painted, so there shall be no fold.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: job.width, height: Math.min(height, 12000) });
  const frames = [];
  for (const frame of page.frames().slice(1)) {
    frames.push(await frame.evaluate(() => getComputedStyle(document.body).backgroundColor));
  }
  if (frames.length > 0) await page.waitForTimeout(500); // until they are painted
  await page.screenshot({ path: job.shot });
  return { url: job.url, width, background: scheme, frames, requests: [...opened.requests], broken, violations: complaints };
}

module.exports = async (browser, jobs) => {
  const pages = new Map();
  const results = [];
  for (const job of jobs) results.push(await look(browser, job, pages));
  return results;
};
