// Runs axe-core on the page that is open: all rules of WCAG 2.2 AA (axe leaves some of 2.2 off by itself), and its
// good practice. A mail is shown within a mail program's page, which has the landmarks.
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const outside = { region: { enabled: false }, 'landmark-one-main': { enabled: false } };

// Gives axe-core to each page of a context from its beginning, which takes Chromium a fifth of what a script for one page takes.
exports.prepare = (context) => context.addInitScript(axe);

exports.violations = async (page, mail, only) => {
  if (!(await page.evaluate(() => window.axe))) await page.evaluate(axe);
  const found = await page.evaluate((options) => window.axe.run(document, options), {
    iframes: false,
    resultTypes: ['violations'],
    ...(only ? { runOnly: only } : {}),
    rules: only ? {} : { 'target-size': { enabled: true }, ...(mail ? outside : {}) },
  });
  return found.violations.map((violation) => ({
    id: violation.id,
    nodes: violation.nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary),
  }));
};
