// Shows pages at the width of a telephone, as the plan says: a JSON list of {name, html}.
// Returns what is wider than its box or than the screen.

const WIDTH = 375;

function tooWide(width) {
  const found = [];
  const page = document.documentElement.scrollWidth;
  if (page > width) found.push(`the page: ${page}`);
  const boxes = 'button, a.button, .nl-button, label, legend, nav a, h1, h2, h3, input, select';
  for (const box of document.querySelectorAll(boxes)) {
    const place = box.getBoundingClientRect();
    if (place.width === 0 || box.closest('.wide, .trap, .hidden, .skip, [aria-hidden="true"]')) continue;
    const inside = box.tagName === 'SELECT' || box.tagName === 'INPUT' ? 0 : box.scrollWidth - box.clientWidth;
    const block = getComputedStyle(box).display !== 'inline';
    if (place.left < -1 || place.right > width + 1 || (block && inside > 1)) {
      found.push(`${box.tagName}: ${box.textContent.trim().slice(0, 80)}`);
    }
  }
  return found;
}

module.exports = async (browser, jobs) => {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 800 }, javaScriptEnabled: true });
  await context.route('**', (route) => route.abort()); // nothing is fetched
  const page = await context.newPage();
  const results = [];
  for (const job of jobs) {
    await page.setContent(job.html, { waitUntil: 'domcontentloaded' });
    for (const what of await page.evaluate(tooWide, WIDTH)) results.push(`${job.name}: ${what}`);
  }
  return results;
};
