// Runs scripts of this folder, one after the other, in one browser: to begin it takes longer than most of them. Standard input: for each
// a line {script, plan}. Prints a line for each: {result}, or {error}. A script exports a function of the browser and its plan; it opens
// contexts of its own, which share nothing, and which are closed after it.
const { createInterface } = require('readline');
const { launch } = require('./browser.cjs');

async function run(browser, { script, plan }) {
  try {
    return { result: await require(`./${script}`)(browser, plan) };
  } catch (error) {
    return { error: error.stack || String(error) };
  } finally {
    for (const context of browser.contexts()) await context.close();
  }
}

async function main() {
  const browser = await launch();
  const ended = () => { console.error('Chromium has ended'); process.exit(1); }; // else nothing may be left to wait for, and node ends without a word
  browser.on('disconnected', ended);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await run(browser, JSON.parse(line))) + '\n');
  }
  browser.off('disconnected', ended);
  await browser.close();
}

main().catch((error) => { console.error(error); process.exit(1); });
