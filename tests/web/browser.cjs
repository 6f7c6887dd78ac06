// The browser of the tests: Chromium's headless shell, which takes half of the time; else Chromium itself.
const { chromium } = require('playwright-core');
const programs = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

exports.launch = () => chromium.launch({
  executablePath: programs.find((path) => require('fs').existsSync(path)),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
