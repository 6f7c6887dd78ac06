// Takes pictures of pages in headless Chromium, as standard input says: a JSON list of {url, width,
// height, file, cookie}. The pictures are WebP.
const { launch } = require('./browser.cjs');
const fs = require('fs');

async function main() {
  const browser = await launch();
  for (const { url, width, height, file, cookie } of JSON.parse(fs.readFileSync(0, 'utf8'))) {
    const page = await browser.newPage({ viewport: { width, height }, extraHTTPHeaders: cookie ? { Cookie: cookie } : {} });
    await page.goto(url, { waitUntil: 'load' });
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
    fs.writeFileSync(file, Buffer.from(data, 'base64'));
    await page.close();
  }
  await browser.close();
}

main();
