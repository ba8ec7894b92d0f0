// Virtual workers: what is simulated says so everywhere, and is deployed with the keyboard alone.
import assert from 'node:assert/strict';

import { deployment, engine, fit, hugeModel, profile, worker } from '../fixtures.mjs';

const gib = 1024 ** 3;

function virtualWorker() {
  const gpu = {
    name: 'NVIDIA H200',
    memory_total_bytes: 140 * gib,
    memory_available_bytes: 140 * gib,
  };
  return worker({
    id: 'worker-2',
    name: 'virtual-h200x8',
    virtual: true,
    device: 'nvidia',
    device_model: 'NVIDIA H200',
    num_devices: 8,
    memory_total_bytes: 0,
    memory_available_bytes: 0,
    cpu: { model: '', sockets: 0, cores: 0, threads: 0, numa_nodes: 0 },
    gpus: Array(8).fill(gpu),
    isa: [],
  });
}

function onVirtualWorker() {
  const words = ['--tp-size', '8'];
  const asked = engine({ engine: 'sglang', version: '0.5.6.post2', requested: {}, arguments: words });
  const profiles = ['throughput', 'latency'].map((goal) =>
    profile({ name: `h200x8-${goal}`, goal, engine: asked }),
  );
  return {
    ...hugeModel(),
    fit: fit({
      virtual: true,
      worker: 'virtual-h200x8',
      available_bytes: 8 * 140 * gib,
      message: 'needs 656 GiB of 1.1 TiB on 8 GPUs of virtual-h200x8',
    }),
    chosen: {
      profile: 'h200x8-throughput',
      engine: asked,
      configuration: [],
      command: ['sglang', '--model-path', 'huge-moe', ...words],
      why: ['Virtual: virtual-h200x8 has no devices.'],
      evidence: profiles[0].evidence,
    },
    profiles,
  };
}

function withVirtualWorker(mock) {
  mock.workers = [worker(), virtualWorker()];
  mock.models.push(onVirtualWorker());
}

async function tabTo(page, target) {
  for (let count = 0; count < 60; count += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail('not reached by Tab');
}

export function virtualCases(stage) {
  stage.test(
    'marks virtual workers, models and deployments',
    {
      setup: (mock) => {
        withVirtualWorker(mock);
        const made = { name: 'rehearsal', model: 'huge-moe', virtual: true };
        mock.deployments = [deployment({ name: 'real' }), deployment(made)];
      },
    },
    async ({ page }) => {
      const badge = (place) => place.getByText('virtual', { exact: true });
      const machine = page.locator('.machine', { hasText: 'virtual-h200x8' });
      await badge(machine).waitFor();
      await machine.getByText('8 × NVIDIA H200').waitFor();
      assert.equal(await badge(page.locator('.machine', { hasText: 'bench-7' })).count(), 0);
      const card = page.getByRole('listitem', { name: 'Huge MoE 671B' });
      await badge(card.locator('.model-head')).waitFor();
      await badge(card.locator('.running')).waitFor();
      assert.equal(await badge(page.getByRole('listitem', { name: 'Tiny Chat' })).count(), 0);

      await page.getByRole('link', { name: 'Deployments', exact: true }).click();
      await badge(page.getByRole('row', { name: 'rehearsal' })).waitFor();
      assert.equal(await badge(page.getByRole('row', { name: 'real' })).count(), 0);
      await page.getByRole('link', { name: 'rehearsal', exact: true }).click();
      await badge(page.getByRole('heading', { level: 1 })).waitFor();

      await page.getByRole('link', { name: 'Chat', exact: true }).first().click();
      await page.getByRole('combobox').selectOption('rehearsal');
      await badge(page.locator('.chat-bar')).waitFor();
      await page.getByRole('combobox').selectOption('real');
      await badge(page.locator('.chat-bar')).waitFor({ state: 'detached' });
    },
  );

  stage.test(
    'deploys by worker and goal with the keyboard alone',
    { setup: withVirtualWorker },
    async ({ page, mock }) => {
      const opener = page.getByRole('button', { name: 'What will run, and why: Huge MoE 671B' });
      await opener.waitFor();
      await tabTo(page, opener);
      await page.keyboard.press('Enter');
      const drawer = page.getByRole('dialog', { name: 'Huge MoE 671B' });
      await drawer.getByText('virtual-h200x8 is a virtual worker', { exact: false }).waitFor();
      await tabTo(page, drawer.getByLabel('Worker', { exact: true }));
      await page.keyboard.type('virtual');
      await tabTo(page, drawer.getByLabel('Goal', { exact: true }));
      await page.keyboard.type('latency');
      await tabTo(page, drawer.getByRole('button', { name: 'Deploy', exact: true }));
      await page.keyboard.press('Enter');
      await drawer.waitFor({ state: 'detached' });
      const sent = mock.sent('POST', '/api/v1/deployments').map((each) => each.body);
      assert.deepEqual(
        sent.filter((body) => !body.dry_run), // a preview may come later
        [{ model: 'huge-moe', worker: 'worker-2', goal: 'latency' }],
      );
    },
  );

  stage.test(
    'says beside the worker why it cannot be that one',
    {
      setup: (mock) => {
        withVirtualWorker(mock);
        mock.failures['POST /api/v1/deployments'] = [404, 'there is no worker "worker-2"', 'worker'];
      },
    },
    async ({ page }) => {
      await page.getByRole('button', { name: 'What will run, and why: Tiny Chat 135M' }).click();
      const drawer = page.getByRole('dialog');
      await drawer.getByLabel('Worker', { exact: true }).selectOption('worker-2');
      await drawer.locator('#deploy-worker-problem').getByText('there is no worker').waitFor();
    },
  );
}
