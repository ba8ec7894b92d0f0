import { describe, expect, it } from 'vitest';

import { translator } from '../i18n/translate';
import {
  contextLength,
  createFormatter,
  parameterCount,
  secondsSince,
  shellCommand,
} from './format';

const format = createFormatter('en', translator('en'));

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [-5, '0 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [92_000_000, '87.7 MiB'],
    [1024 ** 3 - 1, '1 GiB'],
    [23_730_012_000, '22.1 GiB'],
    [700e9, '652 GiB'],
    [1024 ** 6, '1,024 PiB'],
  ])('%d is %s', (value, text) => expect(format.bytes(value)).toBe(text));
});

describe('duration', () => {
  it.each([
    [0, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [192, '3 min 12 s'],
    [7500, '2 h 5 min'],
    [7205, '2 h'],
    [273_600, '3 d 4 h'],
    [-3, '0 s'],
  ])('%d is %s', (seconds, text) => expect(format.duration(seconds)).toBe(text));

  it('is in the language of the page', () => {
    expect(createFormatter('zh-CN', translator('zh')).duration(192)).toBe('3 分 12 秒');
  });
});

describe('milliseconds', () => {
  it.each([
    [12.4, '12 ms'],
    [1250, '1.3 s'],
  ])('%d is %s', (value, text) => expect(format.milliseconds(value)).toBe(text));
});

describe('model numbers', () => {
  it.each([
    [134_515_008, '135M'],
    [494_032_768, '494M'],
    [1_711_376_384, '1.7B'],
    [671_026_419_200, '671B'],
    [999_999_999, '1B'],
    [12, '12'],
  ])('%d parameters are %s', (count, text) => expect(parameterCount(count)).toBe(text));

  it.each([
    [512, '512'],
    [2048, '2K'],
    [8192, '8K'],
    [163_840, '160K'],
    [1_048_576, '1M'],
  ])('a context of %d is %s', (tokens, text) => expect(contextLength(tokens)).toBe(text));
});

describe('times', () => {
  const now = Date.parse('2026-01-02T00:01:00Z');
  it('knows never, the past, and a clock that is ahead', () => {
    expect(secondsSince('', now)).toBeNull();
    expect(secondsSince('2026-01-02T00:00:00.500Z', now)).toBe(59.5);
    expect(secondsSince('2026-01-02T00:02:00Z', now)).toBe(0);
    expect(format.time('')).toBe('');
  });
});

describe('shellCommand', () => {
  it.each([
    [['redline', 'serve', '--port=1'], 'redline serve --port=1'],
    [['a b', "it's", '$(x)', ''], `'a b' 'it'\\''s' '$(x)' ''`],
  ])('%j', (words, line) => expect(shellCommand(words)).toBe(line));
});
