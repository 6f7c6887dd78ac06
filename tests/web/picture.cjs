// Takes pictures of pages in headless Chromium, as the plan says: a JSON list of {url, width,
// height, file, cookie}. The pictures are WebP.
const fs = require('fs');

module.exports = async (browser, plan) => {
  for (const { url, width, height, file, cookie } of plan) {
    const page = await browser.newPage({ viewport: { width, height }, extraHTTPHeaders: cookie ? { Cookie: cookie } : {} });
    await page.goto(url, { waitUntil: 'load' });
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
    await page.close();
  }
}
