import assert from 'node:assert/strict';

import { deployment, downloading, fit, hugeModel, model, profile, worker } from '../fixtures.mjs';

const card = (page, name) => page.getByRole('listitem', { name });

export function libraryCases(stage) {
  stage.test(
    'deploys with one click and follows it until it answers',
    {},
    async ({ page, mock }) => {
      const tiny = card(page, 'Tiny Chat 135M');
      for (const text of [
        '135M',
        '8K',
        '87.7 MiB',
        'Apache-2.0',
        'Fits: needs 412 MiB of 22.1 GiB',
        'Runs native 0.1.0 with profile cpu-default',
        '212 tokens/s',
      ])
        await tiny.getByText(text).first().waitFor();
      await tiny.getByRole('button', { name: 'Deploy Tiny Chat 135M' }).click();
      await page.getByText('Deploying tiny-chat: native 0.1.0, profile cpu-default').waitFor();
      assert.deepEqual(mock.sent('POST', '/api/v1/deployments')[0].body, { model: 'tiny-chat' });
      await tiny.getByText('Waiting').waitFor();

      mock.deployments = [downloading()];
      for (const text of ['Downloading', '25%', '25 MiB of 100 MiB', '5 MiB/s', '15 s left'])
        await tiny.getByText(text, { exact: true }).waitFor();

      mock.deployments = [deployment()];
      await tiny.getByText('Running', { exact: true }).waitFor();
      await page.getByText('tiny-chat: Running').waitFor({ state: 'attached' });
      await tiny.getByRole('link', { name: 'Chat', exact: true }).click();
      await page.getByText('Ask tiny-chat something.').waitFor();
      assert.equal(new URL(page.url()).pathname, '/chat');
    },
  );

  stage.test('shows what will run and why', {}, async ({ page }) => {
    const opener = page.getByRole('button', { name: 'What will run, and why: Tiny Chat 135M' });
    await opener.click();
    const drawer = page.getByRole('dialog', { name: 'Tiny Chat 135M' });
    for (const text of [
      "redline serve --model 'a path/tiny.gguf' --threads 16",
      'KV cache',
      '300 MiB',
      'left over',
      'AVX-512 is there, so the 8-bit kernels run.',
      'Measured',
      'run-20260102',
    ])
      await drawer.getByText(text).first().waitFor();
    const changed = drawer.getByRole('row', { name: 'max_running_requests' });
    assert.match(await changed.innerText(), /16\s+12\s*≠ changed by the engine/);

    await page.keyboard.press('Escape');
    await drawer.waitFor({ state: 'detached' });
    assert.ok(await opener.evaluate((element) => element === document.activeElement));
  });

  stage.test(
    'deploys with another name, replicas and profile',
    {
      setup: (mock) => {
        mock.models = [
          model({
            profiles: [
              profile(),
              profile({ name: 'cpu-small', evidence: { kind: 'none', summary: '', source: '' } }),
            ],
          }),
        ];
      },
    },
    async ({ page, mock }) => {
      await page.getByRole('button', { name: 'What will run' }).click();
      const drawer = page.getByRole('dialog');
      await drawer.getByLabel('Name of the deployment').fill('second');
      await drawer.getByLabel('Replicas').fill('2');
      await drawer.getByLabel('Profile').selectOption('cpu-small');
      await drawer.getByText('Profile cpu-small: asked for.').waitFor();
      await drawer.getByText('No measurement yet').waitFor();
      await drawer.getByRole('button', { name: 'Deploy' }).click();
      await drawer.waitFor({ state: 'detached' });
      const wanted = { model: 'tiny-chat', name: 'second', profile: 'cpu-small', replicas: 2 };
      const sent = mock.sent('POST', '/api/v1/deployments').map((each) => each.body);
      assert.deepEqual(
        sent.filter((body) => !body.dry_run), // a preview may come later
        [wanted],
      );
      assert.deepEqual(sent.filter((body) => body.dry_run).pop(), { ...wanted, dry_run: true });
    },
  );

  stage.test(
    'greys out what does not fit, with the arithmetic',
    {
      setup: (mock) =>
        (mock.models = [
          hugeModel(),
          model({
            name: 'gpu-only',
            display_name: 'GPU Only',
            chosen: null,
            fit: fit({ fits: false, message: 'profile gpu is for 1 x nvidia' }),
          }),
        ]),
    },
    async ({ page, mock }) => {
      const huge = card(page, 'Huge MoE 671B');
      await huge.getByText('Does not fit: needs 656 GiB, 22.1 GiB available').waitFor();
      await huge.getByText('weights 640 GiB + KV cache 12 GiB + activations 4 GiB').waitFor();
      assert.ok(await huge.getByRole('button', { name: 'Deploy Huge' }).isDisabled());
      assert.ok(await huge.evaluate((element) => element.classList.contains('is-unfit')));
      const other = card(page, 'GPU Only');
      await other.getByText('Cannot run on this machine').waitFor();
      await other.getByText('profile gpu is for 1 x nvidia').waitFor();
      assert.ok(await other.getByRole('button', { name: 'Deploy GPU' }).isDisabled());
      assert.equal(mock.sent('POST', '/api/v1/deployments').length, 0);

      await huge.getByRole('button', { name: 'What will run' }).click();
      const drawer = page.getByRole('dialog');
      await drawer.getByText('For 8 × nvidia H200 with 130 GiB each').waitFor();
      await drawer.getByText('9000 tokens/s').waitFor();
      assert.ok(await drawer.getByRole('button', { name: 'Deploy' }).isDisabled());
    },
  );

  stage.test(
    'says beforehand what the server would refuse',
    {
      setup: (mock) =>
        (mock.failures['POST /api/v1/deployments'] = [409, '9 replicas need more memory']),
    },
    async ({ page }) => {
      await page.getByRole('button', { name: 'What will run' }).click();
      const drawer = page.getByRole('dialog');
      await drawer.getByLabel('Replicas').fill('9');
      await drawer.getByRole('alert').getByText('9 replicas need more memory').waitFor();
      await drawer.getByLabel('Replicas').fill('1');
      await drawer.getByRole('alert').waitFor({ state: 'detached' });
    },
  );

  stage.test(
    'says why a deployment was refused, beside the model',
    {
      setup: (mock) =>
        (mock.failures['POST /api/v1/deployments'] = [409, 'the name "tiny-chat" is taken']),
    },
    async ({ page }) => {
      await page.getByRole('button', { name: 'Deploy Tiny' }).click();
      await card(page, 'Tiny Chat')
        .getByRole('alert')
        .getByText('the name "tiny-chat" is taken')
        .waitFor();
      assert.ok(await page.getByRole('button', { name: 'Deploy Tiny' }).isEnabled());
    },
  );

  stage.test('filters', { setup: (mock) => mock.models.push(hugeModel()) }, async ({ page }) => {
    await page.getByLabel('Filter models').fill('moe');
    await card(page, 'Tiny Chat').waitFor({ state: 'detached' });
    assert.ok(await card(page, 'Huge MoE').isVisible());
    await page.getByLabel('Filter models').fill('nothing like it');
    await page.getByText('No model matches “nothing like it”.').waitFor();
  });

  stage.test('shows the machine, or that there is none', {}, async ({ page, mock }) => {
    await page
      .getByText('Example CPU 9000 · 16 threads · 22.1 GiB of 31.2 GiB memory free')
      .waitFor();
    const gpu = { name: 'Example GPU', memory_total_bytes: 2 ** 37, memory_available_bytes: 2 ** 36 };
    mock.workers = [worker({ gpus: [gpu, gpu] })];
    await page.getByText('2 × Example GPU · 128 GiB of 256 GiB free').waitFor();
    mock.workers = [];
    await page.getByText('No worker has registered yet.').waitFor();
  });
}
