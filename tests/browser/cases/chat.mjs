import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { deployment, downloading } from '../fixtures.mjs';
import { chunk, sleep } from '../mock_server.mjs';

const asked = (mock) => mock.sent('POST', '/v1/chat/completions');
const input = (page) => page.getByLabel('Message', { exact: true });

function running(chat) {
  return (mock) => {
    mock.deployments = [deployment(), deployment({ name: 'other' })];
    if (chat) mock.chat = chat;
  };
}

async function* endless() {
  for (let index = 0; ; ++index) {
    yield `word${index} `;
    await sleep(20);
  }
}

export function chatCases(stage) {
  stage.test(
    'streams an answer and says what it cost',
    {
      path: '/chat?name=other',
      setup: running(async function* () {
        for (const word of ['The ', 'answer ', 'is 你好 👋']) {
          yield word;
          await sleep(60);
        }
      }),
    },
    async ({ page, mock }) => {
      await input(page).fill('line one');
      await page.keyboard.press('Shift+Enter');
      await page.keyboard.type('line two');
      await page.keyboard.press('Enter');
      await page.getByText('The answer is 你好 👋').waitFor();
      const numbers = await page.locator('.message-numbers').innerText();
      assert.match(numbers, /^7 tokens in · 3 out · [\d.]+ tokens\/s · first token after [\d.]+ m?s$/);
      const { body, key } = asked(mock)[0];
      assert.equal(key, mock.key);
      assert.deepEqual(body, {
        model: 'other',
        messages: [{ role: 'user', content: 'line one\nline two' }],
        stream: true,
        stream_options: { include_usage: true },
      });

      await page.keyboard.type('And?');
      await page.keyboard.press('Enter');
      await eventually(() => asked(mock).length === 2, 'the second question');
      assert.deepEqual(
        asked(mock)[1].body.messages.map((each) => each.role),
        ['user', 'assistant', 'user'],
      );
    },
  );

  stage.test('sends the settings', { path: '/chat', setup: running() }, async ({ page, mock }) => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Temperature').fill('0');
    await page.getByLabel('Top P').fill('0.5');
    await page.getByLabel('Max tokens').fill('17');
    await page.getByLabel('System prompt').fill('Be brief.');
    await page.keyboard.press('Escape');
    await page.getByLabel('Temperature').waitFor({ state: 'detached' });
    await input(page).fill('Hi');
    await page.getByRole('button', { name: 'Send' }).click();
    await eventually(() => asked(mock).length === 1, 'the question');
    const { temperature, top_p, max_tokens, messages } = asked(mock)[0].body;
    assert.deepEqual([temperature, top_p, max_tokens], [0, 0.5, 17]);
    assert.deepEqual(messages[0], { role: 'system', content: 'Be brief.' });
  });

  stage.test(
    'stop closes the connection and keeps what came',
    { path: '/chat', setup: running(endless) },
    async ({ page, mock }) => {
      await input(page).fill('Go on');
      await page.keyboard.press('Enter');
      await page.getByText('word3').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('Stopped.').waitFor();
      await eventually(() => mock.openChats === 0, 'the connection closes');
      const text = await page.locator('.message-assistant .message-text').innerText();
      assert.match(text, /^word0 word1/);
      assert.ok(await input(page).evaluate((element) => element === document.activeElement));

      await page.keyboard.type('More');
      await page.keyboard.press('Enter');
      await eventually(() => mock.openChats === 1, 'the next answer');
      await page.keyboard.press('Escape');
      await eventually(() => mock.openChats === 0, 'Escape stops too');
    },
  );

  stage.test(
    'an answer goes on while another page is open',
    { path: '/chat', setup: running(endless) },
    async ({ page, mock }) => {
      await input(page).fill('Go on');
      await page.keyboard.press('Enter');
      await page.getByText('word1').waitFor();
      await page.getByRole('link', { name: 'Library' }).click();
      await page.getByRole('heading', { name: 'Library' }).waitFor();
      await sleep(200);
      assert.equal(mock.openChats, 1);
      await page.goBack();
      await page.getByText('word9').waitFor();
      await page.getByRole('button', { name: 'New conversation' }).click();
      await eventually(() => mock.openChats === 0, 'a new conversation stops the old one');
      await page.getByText('Ask tiny-chat something.').waitFor();
    },
  );

  stage.test(
    'shows the message of the API, and tries again',
    {
      path: '/chat',
      setup: running(async function* () {
        yield { error: [400, 'the prompt has 9000 tokens, the context 8192'] };
      }),
    },
    async ({ page, mock }) => {
      await input(page).fill('Too long');
      await page.keyboard.press('Enter');
      await page
        .getByRole('alert')
        .getByText('the prompt has 9000 tokens, the context 8192')
        .waitFor();
      mock.chat = async function* () {
        yield 'Now it works';
      };
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByText('Now it works').waitFor();
      assert.equal(await page.getByRole('alert').count(), 0);
      assert.deepEqual(asked(mock)[1].body.messages, [{ role: 'user', content: 'Too long' }]);
    },
  );

  stage.test(
    'shows an error in the middle, and a connection that breaks',
    {
      path: '/chat',
      setup: running(async function* () {
        yield 'Half an';
        yield { raw: 'data: {"error": {"message": "the engine was stopped"}}\n\n' };
        await new Promise(() => undefined); // the answer never ends
      }),
    },
    async ({ page, mock }) => {
      await input(page).fill('Hi');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('the engine was stopped').waitFor();
      assert.ok(await page.getByText('Half an').isVisible());
      await eventually(() => mock.openChats === 0, 'it does not wait for more');

      mock.chat = async function* () {
        yield 'Some';
        await sleep(50);
        mock.server.closeAllConnections();
        await sleep(50);
      };
      await input(page).fill('Again');
      await page.keyboard.press('Enter');
      await page.getByText('The connection ended in the middle of the answer.').waitFor();
    },
  );

  stage.test(
    'passes over events that it does not know',
    {
      path: '/chat',
      setup: running(async function* () {
        yield {
          raw: ': keep-alive\n\nevent: engine.metrics\ndata: {"step": 1}\n\ndata: {"novel": true}\n\n',
        };
        yield { raw: chunk({ delta: { role: 'assistant' } }) };
        yield 'Still here';
        yield { raw: 'id: 7\nretry: 10\n\n' };
      }),
    },
    async ({ page }) => {
      await input(page).fill('Hi');
      await page.keyboard.press('Enter');
      await page.getByText('Still here').waitFor();
      await page.locator('.message-numbers').waitFor();
    },
  );

  stage.test(
    'Enter that ends the input of characters sends nothing',
    { path: '/chat', setup: running() },
    async ({ page, mock }) => {
      await input(page).fill('ni hao');
      await input(page).dispatchEvent('keydown', {
        key: 'Enter',
        isComposing: true,
        bubbles: true,
      });
      await sleep(200);
      assert.equal(asked(mock).length, 0);
      await page.keyboard.press('Enter');
      await eventually(() => asked(mock).length === 1, 'the question');
    },
  );

  stage.test(
    'says what is missing when nothing runs',
    { path: '/chat' },
    async ({ page, mock }) => {
      await page.getByRole('link', { name: 'Deploy a model' }).waitFor();
      mock.deployments = [downloading()];
      await page.getByText('A deployment is on its way: Downloading · 25%.').waitFor();
      await input(page).fill('too early');
      await page.keyboard.press('Enter');
      assert.equal(asked(mock).length, 0);
      mock.deployments = [deployment()];
      await page.getByText('Ask tiny-chat something.').waitFor();
      assert.equal(await input(page).inputValue(), 'too early');
    },
  );
}
