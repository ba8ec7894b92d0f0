// The lab page: starting a benchmark, following it, its result, comparing two.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { benchJob, benchProgress, benchResult, deployment, hugeModel, model } from '../fixtures.mjs';
import { faults, tablesTooWide, tooWide } from '../faults.mjs';

const path = '/lab';
const jobs = '/api/v1/lab/jobs';

const withResults = (mock) => {
  mock.deployments = [deployment()];
  mock.jobs = [
    benchJob({ id: 'lab-bench2', progress: benchProgress() }),
    benchJob({ flaws: ['a client thread was busy 93% of the time'] }),
  ];
  mock.results = { 'lab-bench1': benchResult(), 'lab-bench2': benchResult() };
};

export function labCases(stage) {
  stage.test(
    'measures a deployment, tells how far it is, and shows what came out',
    { path, setup: (mock) => (mock.deployments = [deployment()]) },
    async ({ page, mock }) => {
      await page.getByText('Nothing was measured yet.').waitFor();
      await page.getByLabel('Workload').selectOption('sharegpt');
      await page.getByLabel('Scale').fill('0.1');
      await page.getByRole('button', { name: 'Start the benchmark' }).click();
      await page.getByRole('heading', { name: /, workload sharegpt$/ }).waitFor();
      assert.deepEqual(mock.sent('POST', jobs)[0].body, {
        kind: 'bench',
        deployment: mock.deployments[0].name,
        workload: 'sharegpt',
        scale: 0.1,
        repeats: 3,
      });
      const [job] = mock.jobs;
      job.progress = benchProgress();
      for (const text of ['Repeat 2 of 3', '25 of 50', '222 tokens/s', '1 failed', '7 s left'])
        await page.getByText(text, { exact: true }).waitFor();
      await page.getByRole('img', { name: 'Output tokens a second over time' }).waitFor();
      mock.results[job.id] = benchResult();
      Object.assign(job, benchJob({ id: job.id, request: job.request, progress: benchProgress() }));
      await page.locator('dl').getByText('198 to 209').waitFor();
      await page.getByText('Mean, with its interval').waitFor();
      await page.getByText(`${job.id}: Finished`).waitFor({ state: 'attached' });
    },
  );

  stage.test(
    'puts a refusal beside its field, and what no field is about above the button',
    {
      path,
      setup: (mock) => {
        mock.deployments = [deployment()];
        mock.failures[`POST ${jobs}`] = [400, '"scale" is too much', 'scale'];
      },
    },
    async ({ page, mock }) => {
      const start = page.getByRole('button', { name: 'Start the benchmark' });
      await start.click();
      await page.locator('#bench-scale-problem').getByText('"scale" is too much').waitFor();
      mock.failures[`POST ${jobs}`] = [409, 'a tune of x is running'];
      await start.click();
      await page.locator('form .alert').getByText('a tune of x is running').waitFor();
      await page.getByLabel('Repeats').fill('many');
      await page.locator('#bench-repeats-problem').getByText('Give a number.').waitFor();
    },
  );

  stage.test('compares two results', { path, setup: withResults }, async ({ page, mock }) => {
    const compare = page.getByRole('button', { name: 'Compare the two' });
    assert.ok(await compare.isDisabled());
    await page.getByLabel('Compare lab-bench1').check();
    await page.getByLabel('Compare lab-bench2').check();
    await compare.click();
    const verdict = page.getByRole('row', { name: /output_tps/ });
    await verdict.getByText('faster', { exact: true }).waitFor();
    await verdict.getByText('+18.0% to +29.0%').waitFor();
    await page.getByText('these repeats would find 9%').waitFor();
    const [sent] = mock.sent('GET', `${jobs}/lab-bench1/comparison`);
    assert.equal(sent.query.get('with'), 'lab-bench2');
    await page.getByText('INVALID', { exact: true }).waitFor();
  });

  stage.test(
    'stops, saves the report, deletes',
    { path: '/lab?name=lab-bench2', setup: withResults },
    async ({ page, mock }) => {
      mock.jobs[0].state = 'running';
      await page.getByRole('button', { name: 'Stop', exact: true }).click();
      await eventually(() => mock.sent('POST', `${jobs}/lab-bench2/stop`).length === 1, 'stopped');
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Save the report' }).click();
      assert.equal((await download).suggestedFilename(), 'lab-bench2.html');
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
      await page.getByRole('heading', { name: /, workload short$/ }).waitFor({ state: 'detached' });
      assert.equal(new URL(page.url()).search, '');
    },
  );

  stage.test('says that nothing runs that could be measured', { path }, async ({ page }) => {
    await page.getByText('No deployment is running.').waitFor();
  });

  stage.test(
    'the library says what evidence there is, of when, and what is wrong with it',
    {
      setup: (mock) => {
        const made = model();
        made.chosen.evidence = {
          kind: 'measured',
          summary: '212 tokens/s',
          source: 'run-1',
          engine: 'native@0.1.0',
          date: '2026-01-02',
          figures: { ratio: 1.5, ratio_low: 1.4, ratio_high: 1.6 },
          flaws: ['three repeats only'],
          stale: ['the engine is another version now'],
        };
        mock.models = [made, hugeModel()];
      },
    },
    async ({ page }) => {
      const card = page.getByRole('listitem').filter({ hasText: '212 tokens/s' });
      await card.getByText('May no longer hold').waitFor();
      await card.getByText('native@0.1.0 · 2026-01-02').waitFor();
      await card.getByText('ratio 1.50 (1.40 to 1.60)').waitFor();
      await card.getByText('What to know of it (2)').click();
      for (const text of ['three repeats only', 'the engine is another version now'])
        await card.getByText(text).waitFor();
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
      {
        path: '/lab?name=lab-bench2',
        locale,
        colorScheme,
        viewport: { width, height: 800 },
        setup: (mock) => {
          withResults(mock);
          mock.jobs[0].request.deployment = 'd'.repeat(60);
          mock.jobs[1].error = 'e'.repeat(300);
          mock.comparison.differences.push({ field: 'f'.repeat(90), a: 'a'.repeat(200), b: '' });
        },
      },
      async ({ page }) => {
        await page.locator('.plot svg').first().waitFor();
        await page.locator('.lab-history input').nth(0).check();
        await page.locator('.lab-history input').nth(1).check();
        await page.locator('.lab-history + .button-row button').click();
        await page.locator('code', { hasText: 'output_tps' }).first().waitFor();
        assert.deepEqual(await faults(page), []);
        assert.ok((await tooWide(page)) <= 0);
        assert.deepEqual(await tablesTooWide(page), []);
      },
    );
  }
}
