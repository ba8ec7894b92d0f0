// Copying. A suite of its own: the pages of one browser share the clipboard.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { deployment } from '../fixtures.mjs';

const one = (mock) => (mock.deployments = [deployment()]);
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

export function clipboardCases(stage) {
  stage.test(
    'copies a line for the shell, with and without the key',
    {
      path: '/deployments?name=tiny-chat',
      setup: one,
      permissions: ['clipboard-read', 'clipboard-write'],
    },
    async ({ page, mock }) => {
      await page.getByRole('button', { name: 'Copy line' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      assert.equal(
        await clipboard(page),
        `curl ${mock.url}/v1/chat/completions -H "Authorization: Bearer $REDLINE_API_KEY" -H 'Content-Type: application/json' -d '{"model":"tiny-chat","messages":[{"role":"user","content":"Hello!"}]}'`,
      );
      assert.ok(!(await page.locator('body').innerText()).includes(mock.key));
      await page.getByRole('button', { name: 'Copy with key' }).click();
      await eventually(
        async () => (await clipboard(page)).includes(`Bearer ${mock.key}"`),
        'the key is in it',
      );
    },
  );

  stage.test(
    'copies where the clipboard is closed to the page',
    { path: '/deployments?name=tiny-chat', setup: one },
    async ({ page, context }) => {
      await page.evaluate(() => {
        navigator.clipboard.writeText = () => Promise.reject(new Error('not secure'));
      });
      await page.getByRole('button', { name: 'Copy line' }).click();
      await page.getByRole('button', { name: 'Copied' }).waitFor();
      await context.grantPermissions(['clipboard-read']);
      assert.match(await clipboard(page), /^curl /);
    },
  );

  stage.test(
    'copies a message and the conversation',
    {
      path: '/chat',
      setup: (mock) => {
        one(mock);
        mock.chat = async function* () {
          yield 'An <b>answer</b>';
        };
      },
      permissions: ['clipboard-read', 'clipboard-write'],
    },
    async ({ page }) => {
      await page.getByLabel('Message', { exact: true }).fill('A question');
      await page.keyboard.press('Enter');
      await page.locator('.message-numbers').waitFor();
      await page.getByRole('button', { name: 'Copy message' }).last().click();
      await eventually(async () => (await clipboard(page)) === 'An <b>answer</b>', 'the message');
      await page.getByRole('button', { name: 'Copy conversation' }).click();
      await eventually(
        async () => (await clipboard(page)) === 'You:\nA question\n\nAssistant:\nAn <b>answer</b>',
        'the conversation',
      );
    },
  );
}
