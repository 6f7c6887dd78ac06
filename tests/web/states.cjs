// What a walk over links does not see of pages: everything that is folded up is opened, so are dialogs. Each state is examined with
// axe-core, and so is whether texts fit into their boxes. Plan: {url, pages: {name: path}, languages, widths, cookie, shots}.
// `shots`: a folder for pictures of all. Returns [{page, state, language, width, scheme, violations}] of what is wrong.
const { prepare, violations } = require('./rules.cjs');
const { give } = require('./writing.cjs');

// Boxes whose words are cut off, or stand out of them, and words that lie on others.
function misfits() {
  const found = [];
  for (const box of document.querySelectorAll('button, a.button, label, legend, summary, nav a, h1, h2, h3, select, th, td, dt, dd, .note, li')) {
    const place = box.getBoundingClientRect();
    if (place.width === 0 || box.closest('.wide, .trap, .hidden, .skip, .spoken, [aria-hidden="true"]')) continue;
    const style = getComputedStyle(box);
    const inside = style.display === 'inline' ? 0 : box.scrollWidth - box.clientWidth;
    const spoken = box.querySelector('.spoken'); // one that is heard only stands where it does not show
    if (place.left < -1 || place.right > window.innerWidth + 1 || (inside > 1 && !spoken && box.tagName !== 'SELECT')) {
      found.push(`${box.tagName}: ${box.textContent.trim().slice(0, 80)}`);
    }
  }
  return found;
}

// What is done to a page before it is looked at.
const states = {
  asItIs: null,
  unfolded: (page) => page.$$eval('details', (all) => all.forEach((details) => { details.open = true; })),
  table: async (page) => {
    await page.locator('#table').click();
    await page.locator('#grid').getByRole('textbox').first().fill('Word');
  },
  picture: async (page) => {
    await page.locator('#grid [data-grid=close]').click();
    await give(page, { name: 'dot.png', type: 'image/png', bytes: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==' });
    await page.locator('#picture-asked[open]').waitFor();
  },
  told: async (page) => {
    await page.locator('#picture-asked [data-picture=later]').click();
    await give(page, { html: '<p>Pasted <script>x()</script><del>gone</del></p>' });
    await page.locator('#told').filter({ hasText: /./ }).waitFor();
  },
};

async function examine(page, job, plan, found) {
  const { width } = page.viewportSize();
  await page.setViewportSize({ width, height: 900 });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(Math.max(height, 900), 12000) });
  const cut = await page.evaluate(misfits);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (wide > 0) cut.push(`the page: ${wide} too wide`);
  if (cut.length > 0) found.push({ ...job, violations: cut });
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    const complaints = await violations(page, false, scheme === 'dark' ? ['color-contrast'] : null);
    if (complaints.length > 0) found.push({ ...job, scheme, violations: complaints });
    if (plan.shots) await page.screenshot({ path: `${plan.shots}/${job.page}-${job.state}-${job.language}-${width}-${scheme}.png` });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

module.exports = async (browser, plan) => {
  const found = [];
  for (const language of plan.languages) {
    for (const width of plan.widths) {
      const context = await browser.newContext({ viewport: { width, height: 900 }, locale: language, extraHTTPHeaders: { Cookie: plan.cookie } });
      await prepare(context);
      const page = await context.newPage();
      page.on('dialog', (dialog) => dialog.accept());
      for (const [name, path] of Object.entries(plan.pages)) {
        await page.goto(plan.url + path, { waitUntil: 'load' });
        for (const [state, act] of Object.entries(states)) {
          if (name !== 'draft' && state !== 'asItIs' && state !== 'unfolded') continue;
          if (act) await act(page);
          await examine(page, { page: name, state, language, width }, plan, found);
        }
      }
      await context.close();
    }
  }
  return found;
};
