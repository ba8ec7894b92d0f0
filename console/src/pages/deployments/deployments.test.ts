import { describe, expect, it } from 'vitest';

import type { Deployment, Instance, Progress } from '../../api/client';
import { translator } from '../../i18n/translate';
import { curlLine } from './CurlLine';
import { appendLog, emptyLog, plainText } from './log_buffer';
import { phaseOf, phaseText, restartsOf, shownProgress, uptimeOf } from './phase';

const noProgress: Progress = {
  phase: '',
  fraction: 0,
  bytes_done: 0,
  bytes_total: 0,
  bytes_per_second: 0,
};

function instance(fields: Partial<Instance>): Instance {
  return {
    id: 'inst-1',
    deployment: 'd',
    worker: 'worker-1',
    generation: 1,
    state: 'RUNNING',
    reason: '',
    pid: 7,
    endpoint: '',
    restart_count: 0,
    progress: noProgress,
    started_at: '',
    ready_at: '',
    effective: {},
    ...fields,
  };
}

function deployment(fields: Partial<Deployment>): Deployment {
  return {
    name: 'd',
    model: 'm',
    profile: 'p',
    replicas: 1,
    generation: 1,
    virtual: false,
    engine: {
      engine: 'native',
      version: '1',
      requested: {},
      arguments: [],
      environment: {},
      resolved: {},
    },
    why: [],
    created_at: '',
    deleting: false,
    phase: 'RUNNING',
    reason: '',
    ready_replicas: 1,
    instances: [],
    configuration: [],
    ...fields,
  };
}

describe('phase', () => {
  const downloading = (fraction: number) =>
    instance({ state: 'DOWNLOADING', progress: { ...noProgress, phase: 'downloading', fraction } });

  it('shows the slowest download', () => {
    const instances = [instance({}), downloading(0.7), downloading(0.2)];
    expect(shownProgress(deployment({ instances }))?.fraction).toBe(0.2);
  });

  it('shows no progress of what is settled or going away', () => {
    const done = instance({ progress: { ...noProgress, phase: 'loading', fraction: 1 } });
    expect(shownProgress(deployment({ instances: [done] }))).toBeNull();
    expect(shownProgress(deployment({ instances: [downloading(0.5)], deleting: true }))).toBeNull();
  });

  it('tells the step with the phase', () => {
    const installing = instance({
      state: 'INITIALIZING',
      progress: { ...noProgress, phase: 'vllm@0.13.0: installing packages', fraction: 0.519 },
    });
    const preparing = deployment({ phase: 'INITIALIZING', instances: [installing] });
    expect(phaseText(preparing, translator('en'))).toBe(
      'Preparing · vllm@0.13.0: installing packages 51%',
    );
    expect(phaseText(preparing, translator('zh'))).toBe('准备中 · vllm@0.13.0: 正在安装软件包 51%');
    expect(phaseText(deployment({}), translator('en'))).toBe('Running');
  });

  it('adds restarts and takes the longest uptime', () => {
    const now = Date.parse('2026-01-01T00:10:00Z');
    const instances = [
      instance({ ready_at: '2026-01-01T00:09:00Z', restart_count: 2 }),
      instance({ ready_at: '2026-01-01T00:05:00Z' }),
      instance({ ready_at: '2026-01-01T00:00:00Z', state: 'ERROR', restart_count: 1 }),
    ];
    expect(restartsOf(deployment({ instances }))).toBe(3);
    expect(uptimeOf(deployment({ instances }), now)).toBe(300);
    expect(uptimeOf(deployment({}), now)).toBeNull();
  });

  it('says that a deployment goes away', () => {
    expect(phaseOf(deployment({ deleting: true }))).toBe('deleting');
  });
});

describe('log buffer', () => {
  it('appends, and starts over when the log was replaced', () => {
    const first = appendLog(emptyLog, 'a\n', 2);
    expect(appendLog(first, 'b\n', 4)).toEqual({ text: 'a\nb\n', next: 4, dropped: false });
    expect(appendLog(first, 'n', 1)).toEqual({ text: 'n', next: 1, dropped: false });
  });

  it('is bounded, and cuts at a line', () => {
    const long = appendLog(emptyLog, 'first\n' + `${'x'.repeat(99)}\n`.repeat(5000), 500_006);
    expect(long.text.length).toBeLessThanOrEqual(400_000);
    expect(long.text.startsWith('x'.repeat(99) + '\n')).toBe(true);
    expect(long.dropped).toBe(true);
  });

  it.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['a\r\nb\rc\td', 'a\nb\nc\td'],
    ['\u0007\u0000x\u007f', 'x'],
    ['你好', '你好'],
  ])('plainText(%j)', (text, plain) => expect(plainText(text)).toBe(plain));
});

describe('curlLine', () => {
  it('lets the shell fill in the key, and quotes the rest', () => {
    const line = curlLine('http://127.0.0.1:8080', "it's", '$REDLINE_API_KEY');
    expect(line).toContain('curl http://127.0.0.1:8080/v1/chat/completions ');
    expect(line).toContain('-H "Authorization: Bearer $REDLINE_API_KEY"');
    expect(line).toContain(`{"model":"it'\\''s"`);
  });
});
