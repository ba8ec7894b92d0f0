// Languages, narrow screens, colour schemes, the keyboard alone, and text that wants to be markup.
import assert from 'node:assert/strict';

import {
  deployment,
  downloading,
  failed,
  hugeModel,
  instance,
  model,
  onVllm,
  vllm,
} from '../fixtures.mjs';

const everything = (mock) => {
  mock.models = [model(), hugeModel()];
  mock.deployments = [
    deployment(),
    downloading({ name: 'a-second-deployment-with-a-rather-long-name' }),
    failed(),
    onVllm({ effective: { dtype: 'bfloat16', ['k'.repeat(90)]: 'v'.repeat(200) } }),
  ];
  mock.log = `${'x'.repeat(300)}\n`.repeat(50);
  mock.events = [
    {
      at: '2026-01-02T03:04:05Z',
      instance_id: 'inst-0001',
      state: 'ERROR',
      reason: 'y'.repeat(200),
    },
  ];
  mock.chat = async function* () {
    yield 'z'.repeat(500);
  };
};

const payloads = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '"><iframe srcdoc="<script>alert(1)</script>">',
  '</textarea></pre><b>bold</b>',
  '[link](javascript:alert(1))',
  '<a href="javascript:alert(1)">x</a>',
  '{{constructor.constructor("alert(1)")()}}',
  '<style>*{display:none}</style>',
  '<math><mtext><img src=x onerror=alert(1)></mtext></math>',
  '&lt;img src=x onerror=alert(1)&gt;',
  '<!--<img src="--><img src=x onerror=alert(1)//">',
  '\u202etxet desrever',
];
const nasty = payloads.join('\n');

export function lookCases(stage) {
  stage.test(
    'speaks the language of the browser, and remembers another',
    { locale: 'zh-CN', setup: everything },
    async ({ page }) => {
      await page.getByRole('heading', { name: '模型库' }).waitFor();
      assert.equal(await page.evaluate(() => document.documentElement.lang), 'zh-CN');
      await page.getByText('需要八块 GPU 的混合专家模型。').waitFor();
      await page.getByRole('button', { name: 'English' }).click();
      await page.getByRole('heading', { name: 'Library' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Library' }).waitFor();
      assert.equal(await page.title(), 'Library · Redline');
    },
  );

  for (const [locale, width] of [
    ['en-US', 360],
    ['zh-CN', 360],
    ['en-US', 390],
    ['en-US', 800],
  ]) {
    stage.test(
      `nothing is wider than a screen of ${width} px (${locale})`,
      {
        locale,
        viewport: { width, height: 740 },
        setup: everything,
      },
      async ({ page, mock }) => {
        const check = async (where) => {
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `${where} is ${wide} px too wide`);
        };
        await page.locator('.model-card').first().waitFor();
        await check('library');
        await page.locator('.button-details').first().click();
        await page.locator('dialog[open]').waitFor();
        await page.locator('#deploy-engine').selectOption('vllm@0.13.0');
        await page.locator('#deploy-arguments').fill(`--bad-${'y'.repeat(200)}`);
        await page.locator('#deploy-arguments-problem').waitFor();
        await page.locator('#deploy-arguments').fill(`--max-model-len ${'9'.repeat(200)}`);
        await page.locator('dialog .is-changed').waitFor();
        const drawer = await page.locator('dialog').boundingBox();
        assert.ok(drawer.x >= 0 && drawer.x + drawer.width <= width);
        const inner = await page
          .locator('.dialog-body')
          .evaluate((body) => body.scrollWidth - body.clientWidth);
        assert.ok(inner <= 0, 'the drawer scrolls sideways');
        for (const [path, shown] of [
          ['/deployments', '.table'],
          ['/deployments?name=tiny-chat', '.log'],
          ['/deployments?name=on-vllm', '.is-different'],
          ['/chat', 'textarea'],
        ]) {
          await page.goto(mock.url + path);
          await page.locator(shown).first().waitFor();
          await check(path);
        }
        await page.locator('textarea').fill('q'.repeat(300));
        await page.keyboard.press('Enter');
        await page.locator('.message-numbers').waitFor();
        await check('chat with messages');
        assert.ok(await page.locator('.round-button').isVisible());
      },
    );
  }

  stage.test(
    'the table of deployments becomes cards on a phone',
    {
      path: '/deployments',
      viewport: { width: 390, height: 844 },
      setup: everything,
    },
    async ({ page }) => {
      const row = page.locator('tbody tr').first();
      await row.waitFor();
      assert.equal(await page.locator('thead').isVisible(), false);
      assert.ok((await row.boundingBox()).height > 120);
      assert.ok(await row.getByRole('button', { name: 'Delete tiny-chat' }).isVisible());
      const box = await page.locator('.places').boundingBox();
      assert.ok(Math.abs(box.y + box.height - 844) < 1, 'the places are at the bottom');
    },
  );

  stage.test('is dark when the system is', { colorScheme: 'dark' }, async ({ page }) => {
    await page.locator('.model-card').first().waitFor();
    const luminance = (selector) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => {
          const [red, green, blue] = getComputedStyle(element)
            .backgroundColor.match(/\d+/g)
            .map(Number);
          return (red + green + blue) / 3;
        });
    assert.ok((await luminance('html')) < 60);
    assert.ok((await luminance('.model-card')) < 60);
  });

  stage.test('works with the keyboard alone', {}, async ({ page, mock }) => {
    const focused = () =>
      page.evaluate(
        () =>
          document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent,
      );
    const tabTo = async (name) => {
      for (let count = 0; count < 40; ++count) {
        await page.keyboard.press('Tab');
        if ((await focused()) === name) return;
      }
      assert.fail(`Tab does not reach ${name}`);
    };
    await page.locator('.model-card').first().waitFor();
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to content');
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement).outlineStyle,
    );
    assert.equal(outline, 'solid');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Filter models');
    await tabTo('Deploy Tiny Chat 135M');
    await page.keyboard.press('Enter');
    await page.getByText('Deploying tiny-chat').waitFor();

    mock.deployments = [deployment()];
    await page.locator('.running').getByText('Running').waitFor();
    await page.locator('.brand').focus();
    await tabTo('tiny-chat');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'tiny-chat' }).waitFor();
    await tabTo('Delete tiny-chat');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Delete');
    await page.keyboard.press('Enter');
    await page.locator('h1').getByText('Deleting').waitFor();
  });

  stage.test(
    'text from a model or a server stays text',
    {
      setup: (mock) => {
        mock.models = [
          model({
            display_name: nasty,
            summary: { en: nasty, zh: nasty },
            license: nasty,
            tags: [nasty],
          }),
        ];
        mock.models[0].chosen.why = payloads;
        mock.models[0].chosen.command = payloads;
        mock.engines[1].version = nasty;
        mock.deployments = [
          deployment({
            name: nasty,
            model: nasty,
            why: payloads,
            reason: nasty,
            phase: 'ERROR',
            engine: vllm({ arguments: payloads, environment: { [nasty]: nasty } }),
            configuration: [
              { name: nasty, requested: nasty, resolved: 'x', effective: nasty, differs: true },
            ],
            instances: [instance({ id: nasty, reason: nasty, effective: { [nasty]: nasty } })],
          }),
        ];
        mock.events = [{ at: '', instance_id: nasty, state: 'ERROR', reason: nasty }];
        mock.log = nasty;
        mock.failures['POST /api/v1/deployments'] = [400, nasty];
        mock.chat = async function* () {
          for (const payload of payloads) yield `${payload}\n`;
          yield { raw: `data: ${JSON.stringify({ error: { message: nasty } })}\n\n` };
        };
      },
    },
    async ({ page, mock }) => {
      const injected = () =>
        page
          .locator(
            '#root :is(script, img, iframe, b, style, math, mtext, [onerror], [onload], [srcdoc], a[href^="javascript"])',
          )
          .count();
      await page.locator('.model-card').waitFor();
      assert.ok((await page.locator('.model-summary').textContent()).includes(nasty));
      await page.locator('.button-primary').first().click();
      assert.equal(await injected(), 0);
      await page.locator('.button-details').click();
      await page.locator('.why').waitFor();
      assert.equal(await injected(), 0);

      await page.goto(`${mock.url}/deployments`);
      await page.locator('.row-link').click();
      await page.locator('.log').getByText('onerror').waitFor();
      await page.locator('.effective summary').click();
      await page.locator('.effective dd').waitFor();
      await page.locator('.events li').waitFor();
      assert.ok((await page.locator('.events p').textContent()).includes(nasty));
      assert.equal(await injected(), 0);

      await page.goto(`${mock.url}/chat`);
      await page.locator('textarea').fill(nasty);
      await page.keyboard.press('Enter');
      await page.getByRole('alert').waitFor();
      const said = await page.locator('.message-assistant .message-text').textContent();
      assert.equal(said, `${nasty}\n`);
      assert.equal(await page.locator('.message-user .message-text').textContent(), nasty);
      assert.equal(await injected(), 0);
    },
  );
}
