// Texts and numbers in one of the console's languages. Pure: React sees them through I18nProvider.
import { en, type Dictionary, type TextKey } from './en';
import { zh } from './zh';

export const languages = ['en', 'zh'] as const;
export type Language = (typeof languages)[number];
export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

const dictionaries: Record<Language, Dictionary> = { en, zh };

export const languageNames: Record<Language, string> = { en: 'English', zh: '中文' };
export const languageTags: Record<Language, string> = { en: 'en', zh: 'zh-CN' };

export function translator(language: Language): Translate {
  const dictionary = dictionaries[language];
  return (key, values = {}) =>
    dictionary[key].replace(/\{(\w+)\}/g, (placeholder, name: string) =>
      name in values ? String(values[name]) : placeholder,
    );
}

// The remembered language if it is one, else the first of the browser's that the console speaks.
export function chooseLanguage(remembered: string | null, preferred: readonly string[]): Language {
  for (const wanted of [remembered ?? '', ...preferred]) {
    const found = languages.find((language) => wanted.toLowerCase().split('-')[0] === language);
    if (found) return found;
  }
  return 'en';
}
