// The console in a browser against a mock of the API: every state it can show, in seconds.
import { describe } from 'node:test';

import { chatCases } from './cases/chat.mjs';
import { clipboardCases } from './cases/clipboard.mjs';
import { deploymentCases } from './cases/deployments.mjs';
import { engineCases } from './cases/engines.mjs';
import { labCases } from './cases/lab.mjs';
import { libraryCases } from './cases/library.mjs';
import { lookCases } from './cases/look.mjs';
import { planCases } from './cases/plan.mjs';
import { sessionCases } from './cases/session.mjs';
import { tuningCases } from './cases/tuning.mjs';
import { virtualCases } from './cases/virtual.mjs';
import { Stage } from './stage.mjs';

const suites = [
  sessionCases,
  libraryCases,
  engineCases,
  deploymentCases,
  planCases,
  labCases,
  tuningCases,
  virtualCases,
  chatCases,
  clipboardCases,
  lookCases,
];

describe('console', { concurrency: 3 }, () => {
  const stage = new Stage();
  for (const cases of suites) describe(cases.name, { concurrency: 1 }, () => cases(stage));
});
