// The plan page: asking, following, what a plan says, and what can be done with it.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { faults, tooWide } from '../faults.mjs';
import { hugeModel, plan, planProgress, worker } from '../fixtures.mjs';
import { sleep } from '../mock_server.mjs';

const path = '/plan';
const start = (page) => page.getByRole('button', { name: 'Find the best configuration' });
const fill = (page) => page.getByLabel('Model', { exact: true }).fill('Org/Huge-MoE');
const launchLine =
  'python3 -m sglang.launch_server --model-path Org/Huge-MoE --tp-size 8 --max-running-requests 16';

export function planCases(stage) {
  stage.test(
    'plans, tells how far it is, and shows what came out',
    {
      path,
      setup: (mock) => {
        mock.plan = async function* () {
          yield { progress: planProgress() };
          await eventually(() => mock.goesOn, 'the test lets it go on');
          yield { plan: plan() };
        };
      },
    },
    async ({ page, mock }) => {
      assert.ok(await start(page).isDisabled());
      await fill(page);
      await page.getByLabel('Workload').selectOption('short');
      await page.getByLabel('Goal').selectOption('cost');
      await page.getByLabel('Number', { exact: true }).selectOption('4');
      await start(page).click();
      for (const text of ['Simulating the configurations', '500 of 2,176', '7 s left'])
        await page.getByText(text, { exact: true }).waitFor();
      assert.equal(await page.locator('progress').getAttribute('value'), '0.5');
      mock.goesOn = true;
      const results = [
        'Tokens/s',
        '15,908',
        '12,237 to 20,680',
        '×2.92',
        launchLine,
        'vllm@0.13.0: tp 8, its defaults',
        '9,001 tokens/s (×1.65)',
        'attention −23.4 s · experts +0.8 s',
        '--dp-size 8 --enable-dp-attention',
        '4,090,280 tokens fit into the KV cache',
        '7 s (defaults: 35 s)',
        'These flags change nothing: --max-running-requests 16',
        'sparse prefill 1.26 times',
        '13,184 combinations of flags came to 4,544',
      ];
      for (const text of results) await page.getByText(text).first().waitFor();
      const [{ body }] = mock.sent('POST', '/api/v1/plan');
      assert.deepEqual(body, {
        model: 'Org/Huge-MoE',
        hardware: 'H200x4',
        workload: 'short',
        goal: 'cost',
        stream: true,
      });
      assert.equal(await page.locator('.ranking tbody tr').count(), 8);
      await page.getByRole('button', { name: 'Show all 12' }).click();
      assert.equal(await page.locator('.ranking tbody tr').count(), 12);
      assert.equal(await page.locator('.plot-mark.plot-winner').count(), 2, 'and in the legend');
      assert.equal(await page.locator('.plot-band').count(), 2);
      assert.ok((await page.locator('.bar-band').count()) >= 3);
      assert.equal(await page.getByRole('link', { name: 'Deploy this' }).count(), 0);
      // Another page and back: it is still there.
      await page.getByRole('link', { name: 'Library' }).click();
      await page.getByRole('link', { name: 'Plan', exact: true }).click();
      await page.getByText(launchLine).waitFor();
    },
  );

  stage.test(
    'sends what few change, and says what is no number',
    { path },
    async ({ page, mock }) => {
      await fill(page);
      await page.getByText('Load, objectives, engines').click();
      await page.getByLabel('Requests arrive').selectOption('rate');
      await page.getByText('Give a number.').waitFor();
      await start(page).click();
      assert.equal(mock.sent('POST', '/api/v1/plan').length, 0);
      await page.getByLabel('Requests a second').fill('2.5');
      await page.getByLabel('Number of requests').fill('300');
      await page.getByLabel('Objective: time to first token').fill('500');
      await page.getByLabel('vllm@0.13.0').uncheck();
      await page.getByLabel('config.json of your model').setInputFiles({
        name: 'config.json',
        mimeType: 'application/json',
        buffer: Buffer.from('{"model_type": "qwen3"}'),
      });
      await page.getByText('config.json is used.').waitFor();
      await start(page).click();
      await page.getByText(launchLine).waitFor();
      assert.deepEqual(mock.sent('POST', '/api/v1/plan')[0].body, {
        model: 'Org/Huge-MoE',
        config: { model_type: 'qwen3' },
        hardware: 'H200x8',
        workload: 'sharegpt',
        goal: 'throughput',
        rate: 2.5,
        requests: 300,
        slo_ttft_ms: 500,
        engines: ['sglang@0.5.6.post2', 'tensorrt_llm@1.2.0rc5'],
        stream: true,
      });
      await page.getByLabel('config.json of your model').setInputFiles({
        name: 'weights.json',
        mimeType: 'application/json',
        buffer: Buffer.from('{'),
      });
      await page.getByText('weights.json is no JSON of at most 512 KiB.').waitFor();
    },
  );

  stage.test(
    'ends the search when it is cancelled',
    {
      path,
      setup: (mock) => {
        mock.plan = async function* () {
          for (;;) {
            yield { progress: planProgress() };
            await sleep(50);
          }
        };
      },
    },
    async ({ page, mock }) => {
      await fill(page);
      await start(page).click();
      await page.getByText('7 s left').waitFor();
      assert.equal(mock.openPlans, 1);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await start(page).waitFor();
      await eventually(() => mock.openPlans === 0, 'the connection is closed');
      assert.equal(await page.getByRole('alert').count(), 0);
    },
  );

  stage.test('puts refusals at their fields', { path }, async ({ page, mock }) => {
    const refuse = (status, text, param) =>
      (mock.failures['POST /api/v1/plan'] = [status, text, param]);
    await fill(page);
    refuse(400, 'config: hidden_size is -4', 'config.hidden_size');
    await start(page).click();
    await page.locator('#plan-config-problem').getByText('hidden_size is -4').waitFor();
    refuse(400, 'no model is called that', 'model');
    await start(page).click();
    await page.locator('#plan-model-problem').getByText('no model is called that').waitFor();
    refuse(429, '2 plans are being made; try again', null);
    await start(page).click();
    await page.getByRole('alert').getByText('2 plans are being made').waitFor();
    mock.failures = {};
    mock.plan = async function* () {
      yield { progress: planProgress() };
      yield { error: { message: 'none of 9 would run', param: 'hardware' } };
    };
    await start(page).click();
    await page.locator('#plan-device-problem').getByText('none of 9 would run').waitFor();
    mock.plan = async function* () {
      yield { progress: planProgress() };
    };
    await start(page).click();
    await page.getByText('The connection ended in the middle').waitFor();
  });

  stage.test(
    'deploys the winner where the library and the hardware have it',
    {
      path,
      setup: (mock) => {
        const gpus = Array.from({ length: 8 }, () => ({
          name: 'NVIDIA H200',
          memory_total_bytes: 1,
          memory_available_bytes: 1,
        }));
        mock.models = [hugeModel()];
        mock.workers = [worker({ gpus })];
        mock.engines.push({ ...mock.engines[1], name: 'sglang', version: '0.5.6.post2' });
      },
    },
    async ({ page, mock }) => {
      await fill(page);
      await start(page).click();
      await page.getByRole('link', { name: 'Deploy this' }).click();
      const drawer = page.getByRole('dialog', { name: 'Huge MoE 671B' });
      await drawer.waitFor();
      const chosen = () => drawer.getByLabel('Run with').inputValue();
      await eventually(async () => (await chosen()) === 'sglang@0.5.6.post2', 'the engines are known');
      const words = await drawer.getByLabel('Arguments of the engine').inputValue();
      assert.equal(words, '--tp-size 8 --max-running-requests 16');
      await drawer.getByRole('button', { name: 'Deploy' }).click();
      await drawer.waitFor({ state: 'detached' });
      const sent = mock.sent('POST', '/api/v1/deployments').map((each) => each.body);
      assert.deepEqual(
        sent.filter((body) => !body.dry_run), // a preview may come later
        [
          {
            model: 'huge-moe',
            engine: 'sglang@0.5.6.post2',
            arguments: ['--tp-size', '8', '--max-running-requests', '16'],
          },
        ],
      );
    },
  );

  for (const [locale, width, colorScheme] of [
    ['en-US', 360, 'light'],
    ['zh-CN', 390, 'dark'],
    ['en-US', 800, 'light'],
    ['en-US', 1280, 'light'],
  ]) {
    stage.test(
      `has no fault and is not wider than ${width} px (${locale})`,
      { path, locale, colorScheme, viewport: { width, height: 800 } },
      async ({ page, mock }) => {
        mock.plan = async function* () {
          const made = plan();
          made.winner.notes.push('n'.repeat(300));
          made.winner.command.push('x'.repeat(300));
          made.explanation.steps[0].change = 'c'.repeat(200);
          made.ranking[1].configuration = 'r'.repeat(200);
          yield { plan: made };
        };
        await page.locator('#plan-model').fill('m'.repeat(200));
        assert.ok((await tooWide(page)) <= 0);
        await page.locator('.plan-more summary').click();
        assert.deepEqual(await faults(page), []);
        assert.ok((await tooWide(page)) <= 0, 'the form with all its fields');
        await page.locator('.plan-form .button-primary').click();
        await page.locator('.ranking').waitFor();
        await page.locator('.ranking + .button').click();
        assert.ok((await tooWide(page)) <= 0, 'the plan');
        assert.deepEqual(await faults(page), []);
        const plot = await page.locator('.plot svg').first().boundingBox();
        assert.ok(plot.x >= 0 && plot.x + plot.width <= width, 'the plot');
      },
    );
  }

  stage.test('works with the keyboard alone', { path }, async ({ page }) => {
    await page.locator('#plan-model').waitFor();
    const tabTo = async (selector) => {
      for (let count = 0; count < 40; ++count) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((each) => document.activeElement.matches(each), selector)) return;
      }
      assert.fail(`Tab does not reach ${selector}`);
    };
    await tabTo('#plan-model');
    await page.keyboard.type('Org/Huge-MoE');
    for (const selector of ['#plan-device', '#plan-count', '#plan-workload', '#plan-goal'])
      await tabTo(selector);
    await tabTo('summary');
    await page.keyboard.press('Enter');
    await tabTo('#plan-load');
    await page.locator('#plan-model').focus();
    await page.keyboard.press('Enter');
    await page.getByText('The plan is done.').waitFor({ state: 'attached' });
    await tabTo('.code-block .icon-button');
    await tabTo('.ranking + .button');
  });

  const nasty = '<img src=x onerror=alert(1)>"><script>alert(1)</script>';
  stage.test('text from the server stays text', { path }, async ({ page, mock }) => {
    mock.plan = async function* () {
      const made = plan({ model: nasty, hardware: nasty });
      made.workload.name = nasty;
      made.winner.engine = nasty;
      made.winner.command = [nasty];
      made.winner.notes = [nasty];
      made.winner.ledger.bytes = { [nasty]: 5 };
      made.winner.seconds = { [nasty]: 5 };
      made.ranking[0].configuration = nasty;
      made.explanation.steps[0].change = nasty;
      made.explanation.steps[0].seconds_removed = { [nasty]: 5 };
      yield { progress: planProgress({ phase: nasty }) };
      yield { plan: made };
    };
    await fill(page);
    await start(page).click();
    await page.locator('.ranking').waitFor();
    assert.equal(await page.locator('#root :is(script, img, [onerror])').count(), 0);
    assert.ok((await page.locator('.ranking').textContent()).includes(nasty));
  });
}
