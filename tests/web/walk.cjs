// Opens pages and examines each with axe-core, light and dark, at each of the widths. Plan: {start: [url], languages,
// widths, follow, mail, dark, cookie}.
// With `follow`, all pages of the same server that they link to are examined too. Returns for each language
// {seen: [path], found: [{url, scheme, violations}]}.
const { prepare, violations } = require('./rules.cjs');

// One page of each kind is enough where there is one for each day or number.
const kind = (url) => url.pathname.replace(/[0-9]+/g, '0') + [...url.searchParams.keys()].join();

// The signs of list items that lie on the words after them.
const overlaps = (page) => page.$$eval('.sign', (signs) => signs.filter((sign) => {
  const words = document.createRange();
  if (!sign.nextSibling) return false;
  words.selectNodeContents(sign.nextSibling);
  const [own] = sign.getClientRects();
  const first = [...words.getClientRects()].find((rect) => rect.width > 5);
  return first && own.top < first.bottom && first.top < own.bottom && own.left + 1 < first.right && first.left + 1 < own.right;
}).map((sign) => sign.parentNode.textContent.slice(0, 60)));

async function walk(page, plan) {
  const origin = new URL(plan.start[0]).origin;
  const todo = plan.start.map((url) => new URL(url));
  const seen = new Set(plan.follow ? [] : plan.start);
  const found = [];
  for (let url = todo.shift(); url; url = todo.shift()) {
    if (plan.follow && seen.has(kind(url))) continue;
    if (plan.follow) seen.add(kind(url));
    const response = await page.goto(url.href, { waitUntil: 'load' }).catch((error) => error);
    if (response instanceof Error) {
      if (/Download is starting|ERR_ABORTED/.test(response.message)) continue; // a file, not a page
      throw response;
    }
    if (response && !/html/.test(response.headers()['content-type'] || 'text/html')) continue;
    // A scheme changes colours and nothing else.
    // A bar that stays at the bottom of the screen covers what a reader can scroll, so there shall be no fold.
    const { width } = page.viewportSize();
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height: Math.min(Math.max(height, 900), 12000) });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) found.push({ url: url.href, violations: [{ id: 'wider than the screen', nodes: [wide] }] });
    for (const scheme of plan.dark ? ['light', 'dark'] : ['light']) {
      await page.emulateMedia({ colorScheme: scheme });
      const complaints = await violations(page, plan.mail, scheme === 'dark' ? ['color-contrast'] : null);
      const covered = await overlaps(page);
      if (covered.length > 0) complaints.push({ id: 'covered', nodes: covered });
      if (complaints.length > 0) found.push({ url: url.href, scheme, violations: complaints });
    }
    if (!plan.follow) continue;
    const links = await page.$$eval('a[href]:not([rel=nofollow])', (anchors) => anchors.map((anchor) => anchor.href));
    for (const link of links.map((href) => new URL(href))) {
      link.hash = '';
      if (link.origin === origin && !/\.(atom|csv|eml|ics|json|jsonl|md|png|jpg|pdf|xml|rss|zip)$/.test(link.pathname)) todo.push(link);
    }
  }
  return { seen: [...seen], found };
}

module.exports = async (browser, plan) => {
  const results = [];
  for (const language of plan.languages) {
    for (const width of plan.widths || [375]) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        locale: language,
        extraHTTPHeaders: plan.cookie ? { Cookie: plan.cookie } : {},
      });
      await prepare(context);
      const result = await walk(await context.newPage(), plan);
      for (const one of result.found) Object.assign(one, { language, width });
      results.push(result);
      await context.close();
    }
  }
  return results;
};
