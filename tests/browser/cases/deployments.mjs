import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { deployment, downloading, failed, instance } from '../fixtures.mjs';
import { sleep } from '../mock_server.mjs';

const one = (mock) => (mock.deployments = [deployment()]);

export function deploymentCases(stage) {
  stage.test(
    'lists every state with its reason',
    {
      path: '/deployments',
      setup: (mock) =>
        (mock.deployments = [deployment(), downloading({ name: 'second' }), failed()]),
    },
    async ({ page }) => {
      const row = (name) => page.getByRole('row', { name });
      assert.match(await row('native').first().innerText(), /1 of 1 ready\s+0\s+3 min/);
      assert.match(
        await row('second').innerText(),
        /Downloading[^]*25 MiB of 100 MiB[^]*0 of 1 ready/,
      );
      assert.match(await row('broken').innerText(), /Error[^]*status 137[^]*0 of 1 ready\s+3/);
      assert.equal(await row('broken').getByRole('link', { name: 'Chat' }).count(), 0);
    },
  );

  stage.test(
    'deletes only after a question',
    { path: '/deployments', setup: one },
    async ({ page, mock }) => {
      const remove = page.getByRole('button', { name: 'Delete tiny-chat' });
      const dialog = page.getByRole('dialog', { name: 'Delete tiny-chat?' });
      await remove.click();
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Cancel');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await remove.click();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      assert.equal(mock.sent('DELETE', '/api/v1/deployments/tiny-chat').length, 0);

      await remove.click();
      await dialog.getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('row', { name: 'tiny-chat' }).getByText('Deleting').waitFor();
      assert.equal(mock.sent('DELETE', '/api/v1/deployments/tiny-chat').length, 1);
      mock.deployments = [];
      await page.getByText('Nothing is deployed.').waitFor();
      await page.getByRole('link', { name: 'Choose a model in the library' }).click();
      await page.getByRole('heading', { name: 'Library' }).waitFor();
    },
  );

  stage.test(
    'scales, and asks before the last replica goes',
    { path: '/deployments?name=tiny-chat', setup: one },
    async ({ page, mock }) => {
      const path = '/api/v1/deployments/tiny-chat';
      const sent = () => mock.sent('PATCH', path).map((each) => each.body.replicas);
      await page.getByRole('button', { name: 'One replica more' }).click();
      await page.getByText('1 of 2 ready').waitFor();
      await page.getByRole('button', { name: 'One replica less' }).click();
      await page.getByText('1 of 1 ready').waitFor();
      await page.getByRole('button', { name: 'One replica less' }).click();
      assert.deepEqual(sent(), [2, 1]);
      await page.getByRole('button', { name: 'Stop all replicas' }).click();
      await eventually(() => sent().length === 3, 'the third change');
      assert.equal(sent()[2], 0);

      mock.failures[`PATCH ${path}`] = [400, 'at most 64 replicas'];
      await page.getByRole('button', { name: 'One replica more' }).click();
      await page.getByText('at most 64 replicas').waitFor();
    },
  );

  stage.test(
    'shows instances, engine, why and events',
    {
      path: '/deployments?name=tiny-chat',
      setup: (mock) => {
        mock.deployments = [
          deployment({
            instances: [
              instance(),
              instance({
                id: 'inst-0002',
                pid: 777,
                restart_count: 2,
                state: 'STARTING',
                progress: {
                  phase: 'loading',
                  fraction: 0.5,
                  bytes_done: 0,
                  bytes_total: 0,
                  bytes_per_second: 0,
                },
              }),
            ],
          }),
        ];
        mock.events = [
          {
            at: '2026-01-02T03:04:05Z',
            instance_id: 'inst-0001',
            state: 'SCHEDULED',
            reason: 'placed on bench-7',
          },
          { at: '2026-01-02T03:04:09Z', instance_id: 'inst-0001', state: 'RUNNING', reason: '' },
        ];
      },
    },
    async ({ page }) => {
      assert.match(
        await page.getByRole('row', { name: 'inst-0001' }).innerText(),
        /Running\s+4242\s+0\s+3 min/,
      );
      assert.match(
        await page.getByRole('row', { name: 'inst-0002' }).innerText(),
        /Starting[^]*50%[^]*777\s+2\s+–/,
      );
      await page.getByText('AVX-512 is there').waitFor();
      const events = await page.locator('.events li').allInnerTexts();
      assert.match(events[0], /Running/);
      assert.match(events[1], /Scheduled[^]*placed on bench-7/);
    },
  );

  stage.test(
    'follows the log, pauses, and goes on where it was',
    { path: '/deployments?name=tiny-chat', setup: one },
    async ({ page, mock }) => {
      const asked = () => mock.sent('GET', '/api/v1/deployments/tiny-chat/logs');
      const log = page.getByLabel('Log', { exact: true });
      await log.getByText('engine is ready').waitFor();
      assert.equal(asked()[0].query.get('after'), '-1');
      mock.log += Array.from({ length: 200 }, (_, index) => `line ${index} 你好\n`).join('');
      await log.getByText('line 199 你好').waitFor();
      const below = () =>
        log.evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight);
      assert.ok((await below()) < 24, 'the end is in view');

      await page.getByRole('button', { name: 'Pause' }).click();
      await page.getByText('Paused').waitFor();
      await sleep(500); // a request that was under way arrives
      const before = asked().length;
      mock.log += 'after the pause\n';
      await sleep(1300);
      assert.equal(asked().length, before);
      await page.getByRole('button', { name: 'Follow' }).click();
      await log.getByText('after the pause').waitFor();
      assert.equal(await log.getByText('engine is ready').count(), 1);
      assert.equal((await log.innerText()).match(/line 7 /g).length, 1);

      await log.evaluate((view) => (view.scrollTop = 0));
      await page.getByText('Paused').waitFor();
    },
  );

  stage.test(
    'says when a deployment is gone',
    { path: '/deployments?name=tiny-chat', setup: one },
    async ({ page, mock }) => {
      await page.getByRole('heading', { name: 'tiny-chat' }).waitFor();
      mock.deployments = [];
      await page.getByText('There is no deployment named tiny-chat.').waitFor();
    },
  );
}
