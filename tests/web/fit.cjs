// Shows pages at the width of a telephone. Plan: {style, pages: [{name, html}]}; the style takes the place of each page's style
// sheet. Returns what is wider than its box or than the screen.

const WIDTH = 375;
const AT_ONCE = 20;

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

// Shows one page after the other in the place of the first: to load each by itself takes three times as long. The style is read
// once; it counts after the styles of a page itself.
function show({ style, pages, width, measure }) {
  const tooWide = new Function(`return ${measure}`)();
  const results = [];
  if (document.adoptedStyleSheets.length === 0) document.adoptedStyleSheets = [new CSSStyleSheet()];
  const [sheet] = document.adoptedStyleSheets;
  if (sheet.cssRules.length === 0) sheet.replaceSync(style);
  for (const { name, html } of pages) {
    const page = new DOMParser().parseFromString(html, 'text/html');
    const links = page.querySelectorAll('link[rel=stylesheet]');
    sheet.disabled = links.length === 0;
    for (const link of links) link.remove();
    for (const meta of page.querySelectorAll('meta[http-equiv=refresh]')) meta.remove(); // it would lead elsewhere
    if (page.compatMode !== document.compatMode) results.push(`${name}: no document type`);
    document.replaceChild(document.adoptNode(page.documentElement), document.documentElement);
    for (const what of tooWide(width)) results.push(`${name}: ${what}`);
  }
  return results;
}

module.exports = async (browser, { style, pages }) => {
  const context = await browser.newContext({ viewport: { width: WIDTH, height: 800 } });
  await context.route('**', (route) => route.abort()); // nothing is fetched
  const page = await context.newPage();
  await page.setContent('<!DOCTYPE html>');
  const results = [];
  for (let at = 0; at < pages.length; at += AT_ONCE) {
    const some = pages.slice(at, at + AT_ONCE);
    results.push(...await page.evaluate(show, { style, pages: some, width: WIDTH, measure: tooWide.toString() }));
  }
  return results;
};
