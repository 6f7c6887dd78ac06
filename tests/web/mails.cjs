// Examines many mails with axe-core in one browser, all of a group below each other on one page: each run of axe-core
// takes long by itself. Plan: a JSON list of {name, mails: [html], schemes}. Returns [{name, scheme, violations}]
// of those that it objects to.
const { violations } = require('./rules.cjs');

const body = /(<body[^>]*>)([\s\S]*)(?=<\/body>)/;

module.exports = async (browser, plan) => {
  const found = [];
  for (const { name, mails, schemes } of plan) {
    const page = await browser.newPage({ viewport: { width: 375, height: 900 } });
    const all = mails.map((html) => html.match(body)[2]).join('\n');
    await page.route('**', (route) => route.abort()); // nothing is fetched
    await page.setContent(mails[0].replace(body, (_, open) => open + all), { waitUntil: 'domcontentloaded' });
    for (const scheme of schemes) {
      await page.emulateMedia({ colorScheme: scheme });
      const complaints = await violations(page, true, scheme === 'dark' ? ['color-contrast'] : null);
      if (complaints.length > 0) found.push({ name, scheme, violations: complaints });
    }
    await page.close();
  }
  return found;
};
