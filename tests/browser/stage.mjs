// One browser for a suite; each test gets a mock server and a page of its own, and fails when the page
// did anything it should not.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, it } from 'node:test';

import { launchBrowser, openPage } from './browser.mjs';
import { dist, MockServer } from './mock_server.mjs';

export class Stage {
  constructor() {
    before(async () => {
      const page = join(dist, 'index.html');
      assert.ok(existsSync(page), `${page} is missing: npm run build in console/ first`);
      this.browser = await launchBrowser();
    });
    after(() => this.browser?.close());
  }

  // `setup` changes the mock before the page opens; `path` is opened signed in unless it has a "#".
  test(name, { path = '/library', setup = () => undefined, ...options }, body) {
    it(name, { timeout: 120_000 }, async () => {
      const mock = await new MockServer().start();
      setup(mock);
      const url = mock.url + (path.includes('#') ? path : `${path}#key=${mock.key}`);
      const { page, context, problems } = await openPage(this.browser, url, options);
      try {
        await body({ page, context, mock });
        assert.deepEqual(problems, []);
      } finally {
        await context.close();
        await mock.stop();
      }
    });
  }
}
