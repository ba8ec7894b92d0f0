import { describe, expect, it } from 'vitest';

import { en, type TextKey } from './en';
import { chooseLanguage, translator } from './translate';
import { zh } from './zh';

const keys = Object.keys(en) as TextKey[];
const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe('dictionaries', () => {
  it('have the same keys', () => {
    expect(Object.keys(zh)).toEqual(keys);
  });

  it.each(keys)('%s has the same placeholders, and text', (key) => {
    expect(placeholders(zh[key])).toEqual(placeholders(en[key]));
    expect(en[key].trim()).not.toBe('');
    expect(zh[key].trim()).not.toBe('');
  });

  it('hold no text that nothing shows', () => {
    const sources = import.meta.glob<string>(
      ['../**/*.{ts,tsx}', '!../**/*.test.*', '!./en.ts', '!./zh.ts'],
      {
        query: '?raw',
        import: 'default',
        eager: true,
      },
    );
    const code = Object.values(sources).join('\n');
    // Keys that the code builds: t(`phase.${phase}`).
    const built = [...code.matchAll(/`(\w+\.)\$\{/g)].map((match) => match[1] ?? '');
    const unused = keys.filter(
      (key) => !code.includes(`'${key}'`) && !built.some((prefix) => key.startsWith(prefix)),
    );
    expect(unused).toEqual([]);
  });
});

describe('translator', () => {
  it('fills in values and leaves unknown placeholders', () => {
    const t = translator('en');
    expect(t('delete.title', { name: '{name}$&' })).toBe('Delete {name}$&?');
    expect(t('delete.title')).toBe('Delete {name}?');
  });
});

describe('chooseLanguage', () => {
  it.each([
    [null, ['zh-CN', 'en'], 'zh'],
    [null, ['en-GB', 'zh'], 'en'],
    [null, ['fr', 'zh-Hant-TW'], 'zh'],
    [null, ['fr'], 'en'],
    [null, [], 'en'],
    ['zh', ['en'], 'zh'],
    ['xx', ['zh'], 'zh'],
  ])('remembered %s, browser %s: %s', (remembered, preferred, expected) => {
    expect(chooseLanguage(remembered, preferred)).toBe(expected);
  });
});
