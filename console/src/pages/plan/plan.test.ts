import { describe, expect, it } from 'vitest';

import type { Worker } from '../../api/client';
import { planEventOf } from '../../api/plan';
import { wishOf } from '../library/options';
import { emptyForm, fieldOf, requestOf, unreadable } from './form';
import { mostChanged, splitRows } from './plot';
import { ticksTo } from '../../lib/ticks';
import { hasHardware } from './use_deployable';

describe('requestOf', () => {
  it('leaves out what was left empty', () => {
    expect(requestOf({ ...emptyForm, model: ' m ' })).toEqual({
      model: 'm',
      hardware: 'H200x8',
      workload: 'sharegpt',
      goal: 'throughput',
    });
  });

  it('has numbers as numbers', () => {
    const form = { ...emptyForm, load: 'rate' as const, amount: '2.5', requests: '10', ttft: '1e3' };
    expect(requestOf({ ...form, engines: ['vllm@1'], config: { name: 'c', value: {} } })).toMatchObject(
      { rate: 2.5, requests: 10, slo_ttft_ms: 1000, engines: ['vllm@1'], config: {} },
    );
  });
});

describe('form', () => {
  it.each([
    [{ ttft: 'x' }, 'ttft'],
    [{ tpot: 'Infinity' }, 'tpot'],
    [{ requests: '1,000' }, 'requests'],
    [{ load: 'rate' as const }, 'amount'],
    [{ load: 'rate' as const, amount: '-1' }, null], // the server's to refuse
    [{}, null],
  ])('%o', (fields, bad) => expect(unreadable({ ...emptyForm, ...fields })).toBe(bad));

  it.each([
    ['slo_ttft_ms', 'ttft'],
    ['config.hidden_size', 'config'],
    ['rate', 'amount'],
    ['__proto__', null],
    [null, null],
  ])('%s is the field %s', (param, field) => expect(fieldOf(param)).toBe(field));
});

describe('planEventOf', () => {
  it('passes over what it does not know, and throws what went wrong', () => {
    expect(planEventOf('news', '{}')).toBeNull();
    expect(planEventOf('progress', '{"done":1}')).toMatchObject({ progress: { done: 1 } });
    const error = '{"error":{"message":"does not fit","param":"hardware"}}';
    expect(() => planEventOf('error', error)).toThrow('does not fit');
    expect(() => planEventOf('plan', '<b>')).toThrow('not JSON');
  });
});

describe('ticksTo', () => {
  it.each([
    [21_473, 5, [0, 5000, 10000, 15000, 20000, 25000]],
    [0.7, 5, [0, 0.2, 0.4, 0.6, 0.8]],
    [100, 4, [0, 50, 100]],
    [0, 5, [0, 1]],
    [NaN, 5, [0, 1]],
    [Infinity, 5, [0, 1]],
  ])('%d', (most, count, ticks) => expect(ticksTo(most, count)).toEqual(ticks));
});

describe('seconds', () => {
  it('leave out what takes next to nothing, the longest first', () => {
    const rows = splitRows({ a: 1, b: 5, c: 0.0001 }, { a: 2, b: 0, c: 0 });
    expect(rows.map((row) => row.operation)).toEqual(['b', 'a']);
    expect(splitRows({ a: 1 }, null)[0]?.defaults).toBeNull();
  });

  it('tell what changed most, with the sign of what is added', () => {
    expect(mostChanged({ a: 1, b: -3, c: 0.001 }, 2)).toEqual([
      ['b', 3],
      ['a', -1],
    ]);
  });
});

describe('hasHardware', () => {
  const worker = (name: string, count: number) =>
    ({ gpus: Array.from({ length: count }, () => ({ name })) }) as Worker;
  it.each([
    ['NVIDIA H200', 8, 'H200x8', true],
    ['NVIDIA H200', 4, 'H200x8', false],
    ['NVIDIA A100-SXM4-80GB', 1, 'A100', true],
    ['NVIDIA L40S', 8, 'L40x8', false],
    ['NVIDIA H200', 8, '', false],
  ])('%s times %d for %s: %s', (name, count, hardware, expected) =>
    expect(hasHardware(worker(name, count), hardware)).toBe(expected));
});

describe('wishOf', () => {
  it('takes arguments with an engine alone', () => {
    const { model, options } = wishOf('?name=m&engine=vllm%401&arguments=--a%20b');
    expect([model, options.engine, options.arguments]).toEqual(['m', 'vllm@1', '--a b']);
    expect(wishOf('?arguments=x').options.arguments).toBe('');
    expect(wishOf('').model).toBeNull();
  });
});
