// Adds a passkey to an account and logs in with it, by Chromium's virtual authenticator. Plan: {url, name, password}. Returns what
// the browser sent, so that a test can send it again: {added, entered, login: {field: value}, credentials}.

module.exports = async (browser, plan) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  } });
  await page.goto(`${plan.url}/login`);
  await page.fill('#name', plan.name);
  await page.fill('#password', plan.password);
  await page.click('form button');
  await page.waitForURL(`${plan.url}/`);
  await page.goto(`${plan.url}/account`);
  await page.fill('#passkey-title', 'Laptop');
  await page.fill('#passkey-password', plan.password);
  await page.click('form[data-passkey=create] button');
  await page.waitForSelector('[role=status],[role=alert]:not([hidden])', { timeout: 20000 });
  const result = { added: await page.textContent('[role=status],[role=alert]:not([hidden])') };
  await context.clearCookies();
  await page.goto(`${plan.url}/login`);
  const sent = page.waitForRequest((request) => request.method() === 'POST', { timeout: 20000 });
  await page.click('form[data-passkey=get] button');
  result.login = Object.fromEntries(new URLSearchParams((await sent).postData()));
  await page.waitForURL(`${plan.url}/`);
  result.entered = new URL(page.url()).pathname;
  result.credentials = (await devtools.send('WebAuthn.getCredentials', { authenticatorId })).credentials;
  return result;
};
