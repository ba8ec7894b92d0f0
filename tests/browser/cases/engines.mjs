// Engines with a command line of their own: chosen, tried, installed, and what they say they run with.
import assert from 'node:assert/strict';

import { eventually } from '../browser.mjs';
import { hugeModel, installing, noProgress, onVllm } from '../fixtures.mjs';

const path = '/api/v1/deployments';

async function openDrawer(page) {
  await page.getByRole('button', { name: 'What will run' }).first().click();
  const drawer = page.getByRole('dialog');
  await drawer.locator('option', { hasText: 'vllm@0.13.0' }).waitFor({ state: 'attached' });
  return {
    drawer,
    engine: drawer.getByLabel('Run with'),
    words: drawer.getByLabel('Arguments of the engine'),
    variables: drawer.getByLabel('Environment variables'),
    deploy: drawer.getByRole('button', { name: 'Deploy', exact: true }),
  };
}

export function engineCases(stage) {
  stage.test('shows what an engine would run, and runs it', {}, async ({ page, mock }) => {
    const { drawer, engine, words, variables, deploy } = await openDrawer(page);
    assert.equal(await words.count(), 0);
    assert.equal(mock.sent('POST', path).length, 0);
    await engine.selectOption('vllm@0.13.0');
    await words.fill('--max-model-len "4096" --json \'{"a": 1}\'');
    await variables.fill('VLLM_CPU_KVCACHE_SPACE=2\n');
    for (const text of [
      'Runs vllm 0.13.0 as it was asked for',
      'vllm serve tiny-chat --max-model-len 4096 --json \'{"a": 1}\'',
      'Engine vllm@0.13.0: asked for.',
      'Fits: needs 512 MiB of 22.1 GiB',
    ])
      await drawer.getByText(text, { exact: true }).waitFor();
    const rewritten = drawer.getByRole('row', { name: 'max_model_len' });
    assert.match(await rewritten.innerText(), /4096\s+2048\s*≠ changed by the engine/);
    const untouched = drawer.getByRole('row', { name: 'dtype' });
    assert.match(await untouched.innerText(), /default\s+float32$/);
    assert.ok(await drawer.getByRole('button', { name: 'Copy' }).isVisible());

    await drawer.getByLabel('Name of the deployment').fill('on-vllm');
    await deploy.click();
    await page.getByText('Deploying on-vllm: vllm 0.13.0').waitFor();
    await drawer.waitFor({ state: 'detached' });
    const wanted = {
      model: 'tiny-chat',
      name: 'on-vllm',
      engine: 'vllm@0.13.0',
      arguments: ['--max-model-len', '4096', '--json', '{"a": 1}'],
      environment: { VLLM_CPU_KVCACHE_SPACE: '2' },
    };
    const sent = mock.sent('POST', path).map((each) => each.body);
    // A question that was on its way may come after the answer to it is of use.
    assert.deepEqual(sent.filter((body) => !body.dry_run), [wanted]);
    assert.ok(sent.some((body) => body.dry_run));
  });

  stage.test('asks once for what was typed at one go', {}, async ({ page, mock }) => {
    const { drawer, engine, words } = await openDrawer(page);
    await engine.selectOption('vllm@0.13.0');
    await drawer.getByText('vllm serve tiny-chat', { exact: true }).waitFor();
    const before = mock.sent('POST', path).length;
    await words.evaluate((field) => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value');
      for (const text of ['-', '--', '--a', '--a 1', '--a 16']) {
        set.call(field, text);
        field.dispatchEvent(new Event('input', { bubbles: true }));
      }
    });
    await drawer.getByText('vllm serve tiny-chat --a 16').waitFor();
    assert.equal(mock.sent('POST', path).length - before, 1);
  });

  stage.test('places a refusal at the field that it is about', {}, async ({ page, mock }) => {
    const { drawer, engine, words, variables, deploy } = await openDrawer(page);
    await engine.selectOption('vllm@0.13.0');
    await drawer.getByText('vllm serve tiny-chat', { exact: true }).waitFor();
    await words.fill('--bad-flag 1');
    const problem = drawer.locator('#deploy-arguments-problem');
    await problem.getByText('unrecognized arguments: --bad-flag').waitFor();
    assert.equal(await words.getAttribute('aria-invalid'), 'true');
    assert.match(await words.getAttribute('aria-describedby'), /^deploy-arguments-problem /);
    await drawer.getByText('What follows is from before the last change.').waitFor();

    await deploy.click();
    await eventually(
      () => words.evaluate((element) => element === document.activeElement),
      'the field that was refused has the focus',
    );
    await words.fill('--max-model-len 16');
    await problem.waitFor({ state: 'detached' });
    await drawer.getByText('vllm serve tiny-chat --max-model-len 16').waitFor();

    mock.failures[`POST ${path}`] = [409, 'needs 40 GiB, bench-7 has 22.1 GiB'];
    await words.fill('--max-model-len 99999');
    await drawer.locator('.alert').getByText('needs 40 GiB, bench-7 has 22.1 GiB').waitFor();
    assert.equal(await words.getAttribute('aria-invalid'), 'false');

    const asked = mock.sent('POST', path).length;
    await words.fill("--name 'half");
    await problem.getByText('A single quote is not closed.').waitFor();
    await variables.fill('A=1\nB');
    await drawer.getByText('Line 2 has no “=”: write NAME=value.').waitFor();
    assert.ok(await deploy.isDisabled());
    await page.waitForTimeout(500);
    assert.equal(mock.sent('POST', path).length, asked, 'nothing half typed is sent');
  });

  stage.test('tells what is not installed, and goes back to the profile', {}, async ({ page, mock }) => {
    const { drawer, engine, words } = await openDrawer(page);
    const names = await engine.locator('option').allInnerTexts();
    assert.deepEqual(names, [
      'Profile (recommended)',
      'native@0.1.0',
      'vllm@0.13.0',
      'vllm@0.32.0 (not installed)',
      'llama_cpp@11434 (not installed)',
    ]);
    await engine.selectOption('vllm@0.32.0');
    await drawer.getByText('A deployment installs it first, which takes minutes.').waitFor();
    await words.fill('--a');
    await engine.selectOption('llama_cpp@11434');
    await drawer.getByText('redline engine install llama_cpp@11434 --path DIR').waitFor();
    await engine.selectOption('native@0.1.0');
    assert.equal(await words.count(), 0, 'it takes parameters, not arguments');
    await eventually(
      () => mock.sent('POST', path).at(-1)?.body.engine === 'native@0.1.0',
      'the native engine was asked about',
    );
    assert.equal(mock.sent('POST', path).at(-1).body.arguments, undefined);
    await engine.selectOption('');
    await drawer.getByText('Runs native 0.1.0 with profile cpu-default').waitFor();
  });

  stage.test(
    'an engine may run what no profile fits',
    { setup: (mock) => (mock.models = [hugeModel()]) },
    async ({ page }) => {
      const { drawer, engine, deploy } = await openDrawer(page);
      assert.ok(await deploy.isDisabled());
      await engine.selectOption('vllm@0.13.0');
      await drawer.getByText('vllm serve huge-moe').waitFor();
      assert.ok(await deploy.isEnabled());
    },
  );

  stage.test('is all done with the keyboard', {}, async ({ page, mock }) => {
    const opener = page.getByRole('button', { name: 'What will run' });
    await opener.focus();
    await page.keyboard.press('Enter');
    await page.locator('option', { hasText: 'vllm@0.13.0' }).waitFor({ state: 'attached' });
    const tabTo = async (id) => {
      for (let count = 0; count < 40; ++count) {
        if ((await page.evaluate(() => document.activeElement.id)) === id) return;
        await page.keyboard.press('Tab');
      }
      assert.fail(`Tab does not reach ${id}`);
    };
    await tabTo('deploy-engine');
    await page.keyboard.type('vllm@0.13');
    await tabTo('deploy-arguments');
    await page.keyboard.type('--max-model-len 16');
    await tabTo('deploy-environment');
    await page.keyboard.type('A=1');
    await page.getByText('vllm serve tiny-chat --max-model-len 16').waitFor();
    await tabTo('deploy-name');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Deploying tiny-chat: vllm 0.13.0').waitFor();
    assert.deepEqual(mock.sent('POST', path).pop().body.environment, { A: '1' });
  });

  stage.test(
    'speaks Chinese on a phone',
    { locale: 'zh-CN', viewport: { width: 390, height: 844 } },
    async ({ page, mock }) => {
      await page.getByRole('button', { name: '将运行什么' }).click();
      const drawer = page.getByRole('dialog');
      await drawer.getByLabel('运行方式').selectOption('vllm@0.13.0');
      await drawer.getByLabel('引擎的命令行参数').fill('--max-model-len "16');
      await drawer.getByText('双引号没有闭合。').waitFor();
      await drawer.getByLabel('引擎的命令行参数').fill('--max-model-len 16');
      const row = drawer.getByRole('row', { name: 'max_model_len' });
      await row.getByText('≠ 被引擎修改').waitFor();
      assert.match(await row.innerText(), /16\s+2048/);
      const labels = await row
        .locator('td')
        .evaluateAll((cells) => cells.map((each) => getComputedStyle(each, '::before').content));
      assert.deepEqual(labels, ['"请求值"', '"解析值"']);
      await drawer.getByRole('button', { name: '部署', exact: true }).click();
      await drawer.waitFor({ state: 'detached' });
      mock.deployments = [installing()];
      await page.getByText('vllm@0.13.0: 正在安装软件包 51%', { exact: true }).waitFor();
    },
  );

  stage.test(
    'shows the steps of an installation and of a start',
    { path: '/deployments', setup: (mock) => (mock.deployments = [installing()]) },
    async ({ page, mock }) => {
      const row = page.getByRole('row', { name: 'tiny-chat' });
      await row.getByText('Preparing', { exact: true }).waitFor();
      await row.getByText('vllm@0.13.0: installing packages 51%', { exact: true }).waitFor();
      await page.getByRole('link', { name: 'Chat', exact: true }).click();
      await page
        .getByText('A deployment is on its way: Preparing · vllm@0.13.0: installing packages 51%.')
        .waitFor();
      await page.getByRole('link', { name: 'tiny-chat' }).click();
      await page.getByText('Runs vllm 0.13.0 as it was asked for').waitFor();

      const step = (state, phase, fraction) => {
        mock.deployments = [installing({ phase: state })];
        const [instance] = mock.deployments[0].instances;
        Object.assign(instance, { state, progress: { ...noProgress, phase, fraction } });
      };
      const progress = page.getByRole('progressbar').first();
      step('INITIALIZING', 'converting to safetensors', 0);
      await page.getByText('Converting to safetensors', { exact: true }).first().waitFor();
      assert.equal(await progress.getAttribute('value'), null, 'it has no measure');
      step('STARTING', 'loading', 0.3);
      await page.getByText('Loading 30%', { exact: true }).first().waitFor();
      assert.equal(await progress.getAttribute('value'), '0.3');
    },
  );

  stage.test(
    'shows what was asked for, decided, and runs',
    { path: '/deployments?name=on-vllm', setup: (mock) => (mock.deployments = [onVllm()]) },
    async ({ page }) => {
      const table = page.getByRole('table').filter({ hasText: 'max_model_len' });
      await table.waitFor();
      assert.deepEqual(await table.getByRole('columnheader').allInnerTexts(), [
        'Parameter',
        'Asked',
        'Resolved',
        'Runs with',
      ]);
      const text = (name) => table.getByRole('row', { name }).innerText();
      assert.match(await text('dtype'), /default\s+float32\s+bfloat16\s*≠ not as resolved/);
      assert.match(await text('max_model_len'), /2048\s+2048\s+2048$/);
      assert.match(await text('VLLM_CPU_KVCACHE_SPACE'), /2\s+2\s+–$/);
      await page.getByText('1 of 3 are not as they were resolved.').waitFor();
      await page.getByText('--max-model-len 2048').waitFor();
      await page.getByText('VLLM_CPU_KVCACHE_SPACE=2').waitFor();
      await page.getByText('Engine vllm@0.13.0: asked for.').waitFor();

      const everything = page.getByText('All that inst-0042 says it runs with (3)');
      assert.equal(await page.getByText('block_size').isVisible(), false);
      await everything.focus();
      await page.keyboard.press('Enter');
      await page.getByText('block_size').waitFor();
    },
  );
}
