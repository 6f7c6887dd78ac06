// Runs axe-core on the page that is open: all rules of WCAG 2.2 AA (axe leaves some of 2.2 off by itself), and its
// good practice. A mail is shown within a mail program's page, which has the landmarks.
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const outside = { region: { enabled: false }, 'landmark-one-main': { enabled: false } };

// Gives axe-core to each page of a context from its beginning, which takes Chromium a fifth of what a script for one page takes.
exports.prepare = (context) => context.addInitScript(axe);

exports.violations = async (page, mail, only) => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  // The page picks out what is told: all that axe-core returns takes longer to hand over than to find.
  return page.evaluate(async (options) => (await window.axe.run(document, options)).violations.map((violation) => ({
    id: violation.id,
    nodes: violation.nodes.slice(0, 3).map((node) => node.html + ' ' + node.failureSummary),
  })), {
    iframes: false,
    resultTypes: ['violations'],
    ...(only ? { runOnly: only } : {}),
    rules: only ? {} : { 'target-size': { enabled: true }, ...(mail ? outside : {}) },
  });
};
