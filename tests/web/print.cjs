// A page as it comes out of a printer, for readers who like the dark, too. Plan: {url, cookie, file}. Writes the PDF
// that the browser makes, and returns what is seen on paper.

module.exports = async (browser, plan) => {
  const seen = {};
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage({ viewport: { width: 1000, height: 700 }, colorScheme, extraHTTPHeaders: { Cookie: plan.cookie } });
    await page.goto(plan.url, { waitUntil: 'load' });
    await page.emulateMedia({ media: 'print', colorScheme });
    seen[colorScheme] = await page.evaluate(() => {
      const shown = (element) => element.getClientRects().length > 0;
      const colour = (selector, property) => getComputedStyle(document.querySelector(selector))[property];
      return {
        hidden: [...document.querySelectorAll('header, nav, form, .noprint')].filter(shown).map((one) => one.outerHTML.slice(0, 80)),
        page: [colour('body', 'backgroundColor'), colour('body', 'color')],
        own: [colour('.own td', 'backgroundColor'), colour('.own td', 'color')],
        cut: [...document.querySelectorAll('.wide')].filter((one) => getComputedStyle(one).overflowX !== 'visible').length,
      };
    });
    if (colorScheme === 'light')
      await page.pdf({ path: plan.file, format: 'A4' });
    await page.close();
  }
  return seen;
};
