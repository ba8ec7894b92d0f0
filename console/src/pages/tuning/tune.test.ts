import { describe, expect, it } from 'vitest';

import type { TuneResult, TuneStep, TuneTrial } from '../../api/lab';
import { deployCommand } from './text';
import { forecastRows, measuredValue, plotOf, waterfallOf } from './tune';

const step = (more: Partial<TuneStep>): TuneStep => ({
  stage: 'batches',
  change: 'a -> b',
  accepted: true,
  outcome: 'accepted',
  reason: '',
  ratio: 2,
  low: 1.5,
  high: 2.5,
  confidence: 0.99,
  predicted_ratio: null,
  ...more,
});

const trial = (text: string, tps: number[], tpot: number, forecast?: number): TuneTrial => ({
  number: 1,
  configuration: { engine: 'e', arguments: [], environment: {}, summary: text, text },
  fault: 'none',
  reason: '',
  runs: tps.map((total_tps) => ({
    fault: 'none',
    figures: { total_tps, 'tpot_ms.mean': tpot, 'e2e_ms.mean': 100 },
  })),
  ...(forecast !== undefined && { forecast: { value: forecast, low: 1, high: 2 } }),
});

const result = (more: Partial<TuneResult>) =>
  ({
    goal: 'throughput',
    has_winner: true,
    winner: { text: 'fast' },
    baseline: { text: 'slow' },
    steps: [],
    trial_log: [],
    ...more,
  }) as unknown as TuneResult;

describe('waterfallOf', () => {
  it('multiplies what was accepted', () => {
    const steps = [
      step({}),
      step({ accepted: false, ratio: 9 }),
      step({ ratio: null, low: null, high: null }),
      step({ ratio: 1.5, low: 1.25, high: 1.75 }),
    ];
    expect(waterfallOf(result({ steps })).map(({ value, band }) => ({ value, band }))).toEqual([
      { value: 1, band: undefined },
      { value: 2, band: { low: 1.5, high: 2.5 } },
      { value: 2, band: undefined },
      { value: 3, band: { low: 2.5, high: 3.5 } },
    ]);
  });
});

describe('measuredValue', () => {
  it('is what the goal is about, of runs without a fault', () => {
    const one = trial('a', [10, 30], 5);
    expect(measuredValue(one, 'throughput')).toBe(20);
    expect(measuredValue(one, 'latency')).toBe(10);
    one.runs.forEach((run) => (run.fault = 'crashed_in_run'));
    expect(measuredValue(one, 'throughput')).toBeNull();
  });
});

describe('forecastRows', () => {
  it('has those that were forecast and measured, the fastest first', () => {
    const trial_log = [trial('a', [1], 1, 2), trial('b', [3], 1, 2), trial('c', [9], 1), trial('d', [], 1, 2)];
    const rows = forecastRows(result({ trial_log }));
    expect(rows.map((row) => row.trial.configuration.text)).toEqual(['b', 'a']);
  });
});

describe('plotOf', () => {
  it('marks winner, defaults and what nothing beats', () => {
    const trial_log = [
      trial('slow', [10], 10),
      trial('fast', [30, 34], 20),
      trial('quick', [20], 5),
      trial('bad', [15], 30),
    ];
    const { points, frontier } = plotOf(result({ trial_log }));
    expect(points.map(({ name, kind }) => [name, kind])).toEqual([
      ['bad', 'other'],
      ['quick', 'frontier'],
      ['slow', 'defaults'],
      ['fast', 'winner'],
    ]);
    expect(frontier).toEqual([
      { time: 5, rate: 20 },
      { time: 20, rate: 32 },
    ]);
    expect(points.at(-1)?.rate).toEqual({ value: 32, low: 30, high: 34 });
  });
});

describe('deployCommand', () => {
  const made = (engine: string, words: string[]) => ({
    engine,
    arguments: words,
    environment: {},
    summary: '',
    text: [engine, '--', ...words].join(' '),
  });
  it.each([
    [made('native', ['--page-size', '32', '--disable-radix-cache', '--schedule-policy', 'lpm']),
      'redline deploy m --set page_size=32 --set disable_radix_cache=true --set schedule_policy=lpm'],
    [made('vllm@0.13.0', ['--max-num-seqs', '8']), 'redline deploy m --engine vllm@0.13.0 -- --max-num-seqs 8'],
  ])('%o', (configuration, expected) => {
    expect(deployCommand('m', configuration)).toBe(expected);
  });
});
