// Debian's Chromium, and pages that record everything they should not do.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

// Playwright starts it headless, with a new user data directory.
export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    headless: true,
    args: flags,
  });
}

// A page in a context of its own. `problems` fills with requests to other origins, uncaught errors,
// dialogs and complaints on the console (those about HTTP statuses aside: tests cause them).
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(options.timeout ?? 30_000);
  const page = await context.newPage();
  const problems = [];
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin)
      problems.push(`request to ${request.url()}`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught ${error}`));
  page.on('dialog', (dialog) => {
    problems.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    const expected = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !expected) problems.push(`console: ${message.text()}`);
  });
  await page.goto(url);
  return { page, context, problems };
}

// Waits until `condition` holds, on this side.
export async function eventually(condition, what, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`it did not happen: ${what}`);
}
