// Text can be read in both colour schemes: WCAG 2.1 AA, computed from tokens.css.
import { describe, expect, it } from 'vitest';

import tokens from './tokens.css?raw';

const [light = '', dark = ''] = tokens.split('@media (prefers-color-scheme: dark)');
const schemes = {
  light: colorsOf(light),
  dark: new Map([...colorsOf(light), ...colorsOf(dark)]),
};

function colorsOf(css: string): Map<string, string> {
  return new Map(
    [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [
      match[1] ?? '',
      match[2] ?? '',
    ]),
  );
}

function luminance(color: string): number {
  const channel = (at: number) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

const textPairs: [string, string][] = [
  ...['background', 'surface', 'surface-2'].flatMap((ground): [string, string][] => [
    ['text', ground],
    ['text-muted', ground],
    ['error', ground],
    ['ok', ground],
  ]),
  ['link', 'surface'],
  ['link', 'background'],
  ['on-primary', 'primary'],
  ['on-primary', 'primary-hover'],
  ['on-danger', 'danger'],
  ['ok', 'ok-soft'],
  ['busy', 'busy-soft'],
  ['idle', 'idle-soft'],
  ['error', 'error-soft'],
  ['warn', 'warn-soft'],
  ['text', 'busy-soft'],
];
const markPairs: [string, string][] = [
  ['focus', 'background'],
  ['focus', 'surface'],
  ['line-strong', 'surface'],
];

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  const color = (name: string) => schemes[scheme].get(name) ?? '#000000';
  it.each(textPairs)('%s on %s', (text, ground) => {
    expect(contrast(color(text), color(ground))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(markPairs)('%s on %s', (mark, ground) => {
    expect(contrast(color(mark), color(ground))).toBeGreaterThanOrEqual(3);
  });
});
