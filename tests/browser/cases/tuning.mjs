// The tuning page: starting a run or a rehearsal, following it, what it found, publishing.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { tuneJob, tuneProgress, tuneResult } from '../fixtures.mjs';
import { faults, tablesTooWide, tooWide } from '../faults.mjs';

const path = '/tuning';
const jobs = '/api/v1/lab/jobs';
const shown = '/tuning?name=lab-tune1';
const model = (page) => page.getByLabel('Model', { exact: true });

const withResult = (mock) => {
  mock.jobs = [tuneJob()];
  mock.results = { 'lab-tune1': tuneResult() };
};

export function tuningCases(stage) {
  stage.test('starts a run on this machine and tells how far it is', { path }, async ({ page, mock }) => {
    const start = page.getByRole('button', { name: 'Start tuning' });
    assert.ok(await start.isDisabled());
    await model(page).fill('tiny-chat');
    await page.getByLabel('vllm@0.13.0').uncheck();
    await page.getByLabel('Time, minutes').fill('5');
    await start.click();
    await page.getByRole('heading', { name: 'tiny-chat, workload short' }).waitFor();
    assert.deepEqual(mock.sent('POST', jobs)[0].body, {
      kind: 'tune',
      model: 'tiny-chat',
      workload: 'short',
      strategy: 'race',
      goal: 'throughput',
      scale: 0.05,
      max_time_seconds: 300,
      engines: ['native'],
    });
    mock.jobs[0].progress = tuneProgress();
    for (const text of ['racing', '7 configurations', '10 min of 1 h', 'at most 50 min left'])
      await page.getByText(text, { exact: true }).waitFor();
    await page.getByText('Last step: accepted engine: native -> vllm@0.13.0').waitFor();
  });

  stage.test('starts a rehearsal, which says so', { path }, async ({ page, mock }) => {
    await page.getByText('A rehearsal on hardware that is not here').click();
    await model(page).fill('Org/Huge-MoE');
    await page.getByLabel('Number', { exact: true }).selectOption('4');
    await page.getByRole('button', { name: 'Start the rehearsal' }).click();
    await page.getByRole('heading', { name: 'Org/Huge-MoE, workload short' }).waitFor();
    const { body } = mock.sent('POST', jobs)[0];
    assert.equal(body.virtual, true);
    assert.equal(body.hardware, 'H200x4');
    await page.locator('.panel-head').getByText('virtual', { exact: true }).waitFor();
    const [job] = mock.jobs;
    mock.results[job.id] = tuneResult({ virtual: true, hardware: 'H200x4' });
    Object.assign(job, { state: 'finished', has_result: true, ended_at: '2026-01-02T03:05:05Z' });
    await page.getByText('A rehearsal: computed by a simulator', { exact: false }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Publish as profile' }).count(), 0);
  });

  stage.test('puts a refusal beside its field', { path }, async ({ page, mock }) => {
    mock.failures[`POST ${jobs}`] = [400, 'no model is called so', 'model'];
    await model(page).fill('nonesuch');
    await page.keyboard.press('Enter');
    await page.locator('#tune-model-problem').getByText('no model is called so').waitFor();
  });

  stage.test('shows what was found', { path: shown, setup: withResult }, async ({ page }) => {
    for (const text of [
      '×2.82 (2.77 to 2.86 at 95%)',
      'vllm@0.13.0, its defaults, the baseline',
      '×1.88 (1.80 to 1.96 at 99%)',
      'wrong answers: 3 of 8 differ from the baseline',
      'The last comparison: winner over baseline',
      'redline deploy tiny-chat --engine vllm@0.13.0 -- --max-num-seqs 64 --block-size 16',
    ])
      await page.getByText(text).first().waitFor();
    await page.getByRole('img', { name: /^Tokens a second of each configuration/ }).waitFor();
    const forecast = page.getByRole('row', { name: /^native, its defaults/ });
    assert.match(await forecast.innerText(), /770\s+560 to 980\s+718\s+×0\.93/);
  });

  stage.test(
    'publishes a profile, and says so where a server cannot',
    { path: shown, setup: withResult },
    async ({ page, mock }) => {
      const publish = page.getByRole('button', { name: 'Publish as profile' });
      await publish.click();
      await page.getByText('This server cannot publish profiles yet.').waitFor();
      mock.failures['POST /api/v1/profiles'] = [409, 'the profile is there already', 'name'];
      await publish.click();
      await page.getByText('the profile is there already').waitFor();
      delete mock.failures['POST /api/v1/profiles'];
      mock.published = { model: 'tiny-chat', name: 'mine' };
      await page.getByLabel('Name of the profile').fill('mine');
      await publish.click();
      await page.locator('p[role=status]').getByText('Published').waitFor();
      const sent = mock.sent('POST', '/api/v1/profiles').map((each) => each.body);
      assert.deepEqual(sent.pop(), { report: 'lab-tune1', name: 'mine' });
      assert.deepEqual(sent.pop(), { report: 'lab-tune1' });
    },
  );

  stage.test('stops and goes on', { path: shown, setup: withResult }, async ({ page, mock }) => {
    Object.assign(mock.jobs[0], { state: 'running', has_result: false, ended_at: '' });
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Go on' }).click();
    await eventually(() => mock.jobs[0].state === 'running', 'it runs again');
    await page.getByRole('button', { name: 'Stop', exact: true }).waitFor();
  });

  stage.test(
    'says when no winner was shown',
    {
      path: shown,
      setup: (mock) => {
        withResult(mock);
        mock.results['lab-tune1'] = tuneResult({
          has_winner: false,
          last_comparison: { reason: 'too few rounds: not measured' },
        });
      },
    },
    async ({ page }) => {
      await page.getByText('No configuration was shown to beat the baseline').waitFor();
      await page.getByText('too few rounds: not measured').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Publish as profile' }).count(), 0);
    },
  );

  const nasty = '<img src=x onerror=alert(1)>"><script>alert(1)</script>';
  for (const [locale, width, colorScheme] of [
    ['en-US', 360, 'light'],
    ['zh-CN', 390, 'dark'],
    ['en-US', 800, 'light'],
    ['en-US', 1280, 'light'],
  ]) {
    stage.test(
      `has no fault, is not wider than ${width} px, and text stays text (${locale})`,
      {
        path: shown,
        locale,
        colorScheme,
        viewport: { width, height: 800 },
        setup: (mock) => {
          withResult(mock);
          const made = mock.results['lab-tune1'];
          made.winner.text += ` ${'x'.repeat(300)}`;
          made.winner.summary = nasty + 'w'.repeat(200);
          made.steps[0].change = 'c'.repeat(200);
          made.steps[2].reason = nasty + 'r'.repeat(300);
          made.trial_log[2].configuration.summary = 's'.repeat(200);
        },
      },
      async ({ page }) => {
        await page.locator('.plot svg').first().waitFor();
        assert.deepEqual(await faults(page), []);
        assert.ok((await tooWide(page)) <= 0);
        assert.deepEqual(await tablesTooWide(page), []);
        assert.equal(await page.locator('#root :is(script, img, [onerror])').count(), 0);
      },
    );
  }

  stage.test('works with the keyboard alone', { path }, async ({ page, mock }) => {
    await model(page).waitFor();
    const tabTo = async (selector) => {
      for (let count = 0; count < 60; ++count) {
        await page.keyboard.press('Tab');
        if (await page.evaluate((each) => document.activeElement.matches(each), selector)) return;
      }
      assert.fail(`Tab does not reach ${selector}`);
    };
    await tabTo('input[name=tune-kind]');
    await page.keyboard.press('ArrowDown');
    await tabTo('#tune-model');
    await page.keyboard.type('Org/Huge-MoE');
    for (const selector of ['#tune-device', '#tune-count', '#tune-workload', '#tune-strategy'])
      await tabTo(selector);
    await tabTo('.plan-form .button-primary');
    await page.keyboard.press('Enter');
    await eventually(() => mock.sent('POST', jobs).length === 1, 'it was started');
  });
}
