// Examines many mails with axe-core in one browser, all of a group below each other on one page: each run of axe-core
// takes long by itself. Standard input: a JSON list of {name, mails: [html], schemes}. Prints [{name, scheme, violations}]
// of those that it objects to.
const { launch } = require('./browser.cjs');
const { violations } = require('./rules.cjs');

const body = /(<body[^>]*>)([\s\S]*)(?=<\/body>)/;

async function main() {
  const browser = await launch();
  const found = [];
  for (const { name, mails, schemes } of JSON.parse(require('fs').readFileSync(0, 'utf8'))) {
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
  await browser.close();
  process.stdout.write(JSON.stringify(found));
}

main().catch((error) => { console.error(error); process.exit(1); });
