// The console in a browser against the real product: a new data directory, the default model, a chat,
// a second deployment. Models come from the usual cache, or are fetched into it.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { eventually, launchBrowser, openPage } from './browser.mjs';

const builtHere = fileURLToPath(new URL('../../build/release/redline', import.meta.url));
const binary = process.env.REDLINE_BINARY ?? builtHere;
const model = 'smollm2-135m-instruct';
const runningMs = 300_000; // the model may have to be downloaded first

const missing = !existsSync(binary) && `${binary} is missing: build it, or set REDLINE_BINARY`;
if (missing) console.error(`\nSKIPPED, the end-to-end browser test did not run: ${missing}\n`);

// `redline up` in a directory of its own. The name is short: Unix sockets have to fit in it.
class Redline {
  output = '';

  async start() {
    this.directory = mkdtempSync(join(tmpdir(), 'rl-'));
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    const flags = ['up', '--data-dir', this.directory, '--port', String(this.port)];
    this.process = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream.on('data', (bytes) => (this.output += bytes));
    this.exited = new Promise((resolve) => this.process.on('exit', resolve));
    await eventually(() => this.answers(), 'redline up answers', 60_000);
    this.key = readFileSync(join(this.directory, 'admin.key'), 'utf8').trim();
  }

  async answers() {
    assert.equal(this.process.exitCode, null, `redline up ended: ${this.output.slice(-4000)}`);
    const response = await fetch(this.url).catch(() => null);
    return response?.ok === true;
  }

  async stop() {
    this.process?.kill('SIGTERM');
    await this.exited;
    if (this.directory) rmSync(this.directory, { recursive: true, force: true });
  }
}

// Below the range of which the kernel gives to clients: no connection takes it meanwhile.
function freePort() {
  const port = 10_000 + Math.floor(Math.random() * 22_000);
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(freePort()))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

describe('console and redline up', { skip: missing, concurrency: 1 }, () => {
  const redline = new Redline();
  let browser, page, context, problems;

  before(async () => {
    await redline.start();
    browser = await launchBrowser();
    ({ page, context, problems } = await openPage(browser, `${redline.url}/library`));
  });
  after(async () => {
    await context?.close();
    await browser?.close();
    await redline.stop();
  });

  const message = () => page.getByLabel('Message', { exact: true });
  const lastAnswer = () => page.locator('.message-assistant').last();
  const open = (name) => page.getByRole('link', { name, exact: true }).first().click();

  it('signs in with the key of the data directory', async () => {
    await page.getByLabel('Admin key').fill(redline.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Library' }).waitFor();
    await page.getByText('SmolLM2 135M Instruct').waitFor();
  });

  it('greys out the model that does not fit this machine', async (test) => {
    const card = page.getByRole('listitem', { name: 'DeepSeek-V3.2', exact: true });
    await card.waitFor();
    if (totalmem() > 600 * 2 ** 30) return test.skip('it may fit here');
    await card.getByText(/^Does not fit: needs/).waitFor();
    assert.ok(await card.getByRole('button', { name: /^Deploy/ }).isDisabled());
  });

  it('plans for hardware that is not here', { timeout: 120_000 }, async () => {
    await open('Plan');
    await page.getByLabel('Model', { exact: true }).fill('nonesuch');
    await page.getByRole('button', { name: 'Find the best configuration' }).click();
    await page.locator('#plan-model-problem').waitFor();
    await page.getByLabel('Model', { exact: true }).fill('Qwen/Qwen3-4B');
    await page.getByLabel('Number', { exact: true }).selectOption('2');
    await page.getByLabel('Workload').selectOption('medium');
    await page.getByRole('button', { name: 'Find the best configuration' }).click();
    await page.locator('.ranking tbody tr').first().waitFor({ timeout: 100_000 });
    await page.getByText('Qwen/Qwen3-4B on H200x2, workload medium.').waitFor();
    await page.getByText('Why: from the defaults to the winner').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Deploy this' }).count(), 0);
  });

  it('brings the default deployment up', { timeout: runningMs }, async () => {
    await open('Deployments');
    const row = page.getByRole('row', { name: model });
    await row.getByText('Running', { exact: true }).waitFor({ timeout: runningMs });
    assert.match(await row.innerText(), /1 of 1 ready/);
  });

  it('shows its process, parameters and log', async () => {
    await page.getByRole('link', { name: model, exact: true }).click();
    await page.getByText('Running', { exact: true }).first().waitFor();
    const instance = page.getByRole('row', { name: /inst-/ });
    assert.match(await instance.innerText(), /Running\s+\d+\s+0\s+/);
    await page
      .getByRole('cell', { name: 'max_total_tokens' })
      .or(page.getByText('max_total_tokens'))
      .first()
      .waitFor();
    const log = page.getByLabel('Log', { exact: true });
    await eventually(
      async () => (await log.innerText()).trim() !== 'The log is empty.',
      'the log has text',
    );
  });

  it('answers', { timeout: 120_000 }, async () => {
    await open('Chat');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Temperature').fill('0');
    await page.keyboard.press('Escape');
    await message().fill('What is the capital of France? Answer in one word.');
    await page.keyboard.press('Enter');
    await lastAnswer().locator('.message-numbers').waitFor({ timeout: 60_000 });
    assert.match(await lastAnswer().locator('.message-text').innerText(), /Paris/);
    assert.match(
      await lastAnswer().locator('.message-numbers').innerText(),
      /\d+ tokens in · \d+ out/,
    );
  });

  it('stops a long answer', { timeout: 120_000 }, async () => {
    await page.getByRole('button', { name: 'New conversation' }).click();
    // The model goes on for thousands of tokens.
    await message().fill('Write the numbers from 1 to 1000, separated by commas.');
    await page.keyboard.press('Enter');
    const text = lastAnswer().locator('.message-text');
    await text.waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await lastAnswer().getByText('Stopped.').waitFor();
    const stopped = await text.innerText();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await text.innerText(), stopped);

    await message().fill('Say yes.');
    await page.keyboard.press('Enter');
    // How long the answer gets is the model's affair: its beginning shows that one can go on.
    await page.locator('.message-assistant').nth(1).locator('.message-text').waitFor({ timeout: 60_000 });
  });

  it('tells what an engine of its own would run, without starting it', { timeout: 60_000 }, async () => {
    await open('Library');
    const card = page.getByRole('listitem', { name: 'SmolLM2 135M Instruct' });
    await card.getByRole('button', { name: 'What will run' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.locator('option', { hasText: 'vllm@0.13.0' }).waitFor({ state: 'attached' });
    await drawer.getByLabel('Run with').selectOption('vllm@0.13.0');
    const words = drawer.getByLabel('Arguments of the engine');
    await words.fill('--max-model-len 1k');
    await drawer.getByLabel('Environment variables').fill('VLLM_CPU_KVCACHE_SPACE=1');
    await drawer.getByText(/^vllm serve .*--max-model-len 1k/).waitFor();
    const row = (name) => drawer.getByRole('row', { name }).innerText();
    assert.match(await row('max_model_len'), /1000\s+1000$/);
    assert.match(await row('VLLM_CPU_KVCACHE_SPACE'), /1\s+1$/);
    await words.fill('--max-model-length 1024');
    await drawer.locator('#deploy-arguments-problem').getByText('--max-model-length').waitFor();
    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
  });

  it('deploys a second one from the library and stops it', { timeout: runningMs }, async () => {
    await open('Library');
    const card = page.getByRole('listitem', { name: 'SmolLM2 135M Instruct' });
    await card.getByRole('button', { name: 'What will run' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText(/serve/).first().waitFor();
    await drawer.getByLabel('Name of the deployment').fill('second');
    await drawer.getByRole('button', { name: 'Deploy', exact: true }).click();
    await drawer.waitFor({ state: 'detached', timeout: 30_000 });
    const second = card.locator('.running', { hasText: 'second' });
    await second.getByText('Running', { exact: true }).waitFor({ timeout: runningMs });

    await open('Deployments');
    await page.getByRole('button', { name: 'Delete second' }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('row', { name: 'second' }).waitFor({ state: 'detached', timeout: 60_000 });
    assert.ok(await page.getByRole('row', { name: model }).isVisible());
  });

  it('measures the deployment twice and compares', { timeout: 300_000 }, async () => {
    await open('Lab');
    for (const count of [1, 2]) {
      await page.getByLabel('Scale', { exact: true }).fill('0.002');
      await page.getByLabel('Repeats', { exact: true }).fill('2');
      await page.getByRole('button', { name: 'Start the benchmark' }).click();
      const rows = page.locator('.lab-history tbody tr');
      await eventually(async () => (await rows.count()) === count, 'it is in the list');
      await rows.first().getByText('Finished', { exact: true }).waitFor({ timeout: 120_000 });
      await page.getByText('Mean, with its interval').waitFor();
    }
    for (const box of await page.locator('.lab-history input').all()) await box.check();
    await page.getByRole('button', { name: 'Compare the two' }).click();
    await page.getByRole('row', { name: /^output_tps/ }).waitFor();
  });

  it('rehearses tuning a model on hardware that is not here', { timeout: 120_000 }, async () => {
    await open('Tuning');
    await page.getByText('A rehearsal on hardware that is not here').click();
    await page.getByLabel('Model', { exact: true }).fill('nonesuch');
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await page.locator('#tune-model-problem').waitFor();
    await page.getByLabel('Model', { exact: true }).fill('Qwen/Qwen3-4B');
    await page.getByLabel('Number', { exact: true }).selectOption('2');
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await page.getByRole('heading', { name: 'Qwen/Qwen3-4B, workload short' }).waitFor();
    await page.getByText('What each change brings').waitFor({ timeout: 90_000 });
    await page.getByText('The last comparison: winner over baseline').waitFor();
    await page.getByText(/^redline deploy Qwen\/Qwen3-4B --engine /).waitFor();
    await page.getByText('A rehearsal: computed by a simulator', { exact: false }).waitFor();
    await page.reload();
    await page.getByText('What was not taken, and why').waitFor();
  });

  it('rehearses eight GPUs on a virtual node', { timeout: 120_000 }, async () => {
    const flags = ['--data-dir', redline.directory, '--simulate', 'h200x8'];
    execFileSync(binary, ['join', ...flags, '--detach'], { timeout: 60_000 });
    await open('Library');
    const virtual = (place) => place.getByText('virtual', { exact: true });
    await virtual(page.locator('.machine', { hasText: 'virtual-h200x8' })).waitFor();
    const card = page.getByRole('listitem', { name: 'DeepSeek-V3.2', exact: true });
    await virtual(card.locator('.model-head')).waitFor({ timeout: 30_000 });
    await card.getByRole('button', { name: /^What will run/ }).focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('Worker', { exact: true }).focus();
    await page.keyboard.type('virtual');
    await drawer.getByLabel('Goal', { exact: true }).focus();
    await page.keyboard.type('latency');
    await drawer.getByText('Profile h200x8-latency', { exact: false }).first().waitFor();
    await drawer.getByRole('button', { name: 'Deploy', exact: true }).focus();
    await page.keyboard.press('Enter');
    await drawer.waitFor({ state: 'detached', timeout: 30_000 });
    const running = card.locator('.running', { hasText: 'deepseek-v3.2' });
    await running.getByText('Running', { exact: true }).waitFor({ timeout: 60_000 });
    await virtual(running).waitFor();
    await running.getByRole('link', { name: 'Chat', exact: true }).click();
    await virtual(page.locator('.chat-bar')).waitFor();
    await message().fill('Say anything.');
    await page.keyboard.press('Enter');
    await lastAnswer().locator('.message-numbers').waitFor({ timeout: 60_000 });
    execFileSync(binary, ['leave', '--data-dir', redline.directory], { timeout: 60_000 });
  });

  it('did nothing on the way that a page should not do', () => assert.deepEqual(problems, []));
});
