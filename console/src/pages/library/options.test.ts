import { describe, expect, it } from 'vitest';

import { translator } from '../../i18n/translate';
import {
  canBeSent,
  complaintsOf,
  defaultOptions,
  fieldOf,
  parseEnvironment,
  readOptions,
  type Options,
} from './options';

const vllm: Options = {
  ...defaultOptions,
  engine: 'vllm@0.13.0',
  arguments: '--max-model-len 2048 \\\n  --json \'{"a": 1}\'',
  environment: 'VLLM_CPU_KVCACHE_SPACE=2\n',
};

describe('parseEnvironment', () => {
  it('takes values as they stand', () => {
    const { variables, bad } = parseEnvironment('A=1\r\n\n B =x = "y" \n_c2=\n__proto__=z');
    expect(bad).toBeNull();
    expect(Object.entries(variables)).toEqual([
      ['A', '1'],
      ['B', 'x = "y" '],
      ['_c2', ''],
      ['__proto__', 'z'],
    ]);
  });

  it.each([
    ['A=1\nB', { line: 2, why: 'notAssignment' }],
    ['=1', { line: 1, why: 'badName' }],
    ['\n2A=1', { line: 2, why: 'badName' }],
    ['A-B=1', { line: 1, why: 'badName' }],
    ['A=1\nA=1', { line: 2, why: 'twice' }],
  ])('%j', (text, bad) => expect(parseEnvironment(text)).toEqual({ variables: {}, bad }));
});

describe('readOptions', () => {
  it('asks for nothing that nobody wanted', () => {
    expect(readOptions('m', { ...defaultOptions, name: '  ' }).request).toEqual({ model: 'm' });
    expect(readOptions('m', { ...defaultOptions, engine: 'native@1' }).request).toEqual({
      model: 'm',
      engine: 'native@1',
    });
  });

  it('asks for a worker always, and for a goal where the profile is left to choose', () => {
    const placed = { ...defaultOptions, worker: 'worker-2', goal: 'latency' };
    const request = { model: 'm', worker: 'worker-2' };
    expect(readOptions('m', placed).request).toEqual({ ...request, goal: 'latency' });
    expect(readOptions('m', { ...placed, profile: 'p' }).request).toEqual({
      ...request,
      profile: 'p',
    });
    expect(readOptions('m', { ...placed, engine: 'native@1' }).request).toEqual({
      ...request,
      engine: 'native@1',
    });
  });

  it('makes words and variables of the texts', () => {
    const read = readOptions('m', { ...vllm, name: 'n', replicas: 2 });
    expect(canBeSent(read)).toBe(true);
    expect(read.request).toEqual({
      model: 'm',
      name: 'n',
      replicas: 2,
      engine: 'vllm@0.13.0',
      arguments: ['--max-model-len', '2048', '--json', '{"a": 1}'],
      environment: { VLLM_CPU_KVCACHE_SPACE: '2' },
    });
  });

  it('has an engine or a profile, never both', () => {
    const both = { ...vllm, profile: 'cpu-small' };
    expect(readOptions('m', both).request.profile).toBeUndefined();
    expect(readOptions('m', { ...both, engine: '' }).request).toEqual({
      model: 'm',
      profile: 'cpu-small',
    });
  });

  it('cannot be sent in the middle of a word or of a line', () => {
    expect(canBeSent(readOptions('m', { ...vllm, arguments: "--a 'b" }))).toBe(false);
    expect(canBeSent(readOptions('m', { ...vllm, environment: 'A' }))).toBe(false);
    expect(canBeSent(readOptions('m', { ...vllm, arguments: "'", engine: '' }))).toBe(true);
  });
});

describe('fieldOf', () => {
  it.each([
    [null, vllm, null],
    ['', vllm, null],
    ['--max-model-len', vllm, 'arguments'],
    ['model_tag', vllm, 'arguments'],
    ['arguments[3]', vllm, 'arguments'],
    ['environment.A', vllm, 'environment'],
    ['version', vllm, 'engine'],
    ['engine', vllm, 'engine'],
    ['name', vllm, 'name'],
    ['replicas', defaultOptions, 'replicas'],
    ['profile', defaultOptions, 'profile'],
    ['max_totl_tokens', defaultOptions, null],
    ['engine', defaultOptions, null],
  ])('%j with %#', (param, options, field) => expect(fieldOf(param, options)).toBe(field));
});

describe('complaintsOf', () => {
  const t = translator('en');
  const complaints = (options: Options, param: string | null) =>
    complaintsOf(readOptions('m', options), { text: 'no', param }, options, t);

  it('puts a refusal where it belongs', () => {
    expect(complaints(vllm, '--x')).toEqual({ atFields: { arguments: 'no' }, general: null });
    expect(complaints(vllm, null)).toEqual({ atFields: {}, general: 'no' });
    expect(complaints(defaultOptions, 'name')).toEqual({ atFields: { name: 'no' }, general: null });
    expect(complaintsOf(readOptions('m', vllm), null, vllm, t)).toEqual({
      atFields: {},
      general: null,
    });
  });

  it('says first what the text itself shows', () => {
    const { atFields } = complaints({ ...vllm, arguments: '"', environment: 'A=1\nB' }, '--x');
    expect(atFields).toEqual({
      arguments: 'A double quote is not closed.',
      environment: 'Line 2 has no “=”: write NAME=value.',
    });
  });
});
