// Signing in and out, refused keys, a server that is away, pages that nobody looks at.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { sleep } from '../mock_server.mjs';

const stored = (page) =>
  page.evaluate(() => ({ session: { ...sessionStorage }, local: { ...localStorage } }));

export function sessionCases(stage) {
  stage.test(
    'signs in with a typed key and keeps it in the session only',
    { path: '/library#' },
    async ({ page, mock }) => {
      await page.getByLabel('Admin key').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('The server does not know this key.').waitFor();

      await page.getByLabel('Admin key').fill(` ${mock.key}\n`);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Library' }).waitFor();
      const { session, local } = await stored(page);
      assert.equal(session['redline.key'], mock.key);
      assert.ok(!JSON.stringify(local).includes(mock.key));

      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Admin key').waitFor();
      assert.equal((await stored(page)).session['redline.key'], undefined);
    },
  );

  stage.test(
    'signs in with #key= and takes it out of the address',
    { path: '/deployments?name=x#key=a%2Bb', setup: (mock) => (mock.key = 'a+b') },
    async ({ page, mock }) => {
      await page.getByText('There is no deployment named x.').waitFor();
      assert.equal(page.url(), `${mock.url}/deployments?name=x`);
      assert.equal(await page.evaluate(() => history.length), 2); // about:blank and this page
      await page.reload();
      await page.getByText('There is no deployment named x.').waitFor();
    },
  );

  stage.test(
    'takes a key from the address of a page that is open',
    { path: '/library#' },
    async ({ page, mock }) => {
      await page.evaluate((key) => (location.hash = `#key=${key}`), mock.key);
      await page.getByRole('heading', { name: 'Library' }).waitFor();
      assert.ok(!page.url().includes(mock.key));
    },
  );

  stage.test('returns to the sign-in page when a key is refused', {}, async ({ page, mock }) => {
    await page.getByRole('heading', { name: 'Library' }).waitFor();
    mock.key = 'another';
    await page.getByText('The server refused the key. Sign in again.').waitFor();
    assert.equal((await stored(page)).session['redline.key'], undefined);
  });

  stage.test(
    'returns to the sign-in page when chat is refused',
    {
      path: '/chat',
      setup: (mock) => {
        mock.models = [];
        mock.deployments = [
          { name: 'm', ready_replicas: 1, replicas: 1, instances: [], phase: 'RUNNING' },
        ];
        mock.failures['POST /v1/chat/completions'] = [401, 'this key is not known'];
      },
    },
    async ({ page }) => {
      await page.getByLabel('Message', { exact: true }).fill('Hi');
      await page.keyboard.press('Enter');
      await page.getByLabel('Admin key').waitFor();
    },
  );

  stage.test('keeps what it knows while the server is away', {}, async ({ page, mock }) => {
    await page.getByText('Tiny Chat 135M').waitFor();
    mock.down = true;
    await page.getByText('No answer from the server.').waitFor();
    assert.ok(await page.getByText('Tiny Chat 135M').isVisible());
    mock.down = false;
    await page.getByText('No answer from the server.').waitFor({ state: 'detached' });
  });

  stage.test(
    'polls only while somebody looks',
    { path: '/deployments' },
    async ({ page, mock }) => {
      const count = () => mock.sent('GET', '/api/v1/deployments').length;
      await eventually(() => count() >= 2, 'it polls');
      const show = (hidden) =>
        page.evaluate((value) => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
          document.dispatchEvent(new Event('visibilitychange'));
        }, hidden);
      await show(true);
      await sleep(500); // a request that was under way arrives
      const before = count();
      await sleep(2000);
      assert.equal(count(), before);
      await show(false);
      await eventually(() => count() > before, 'it polls again');
    },
  );
}
