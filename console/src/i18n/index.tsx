import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';

import { createFormatter, type Formatter } from '../lib/format';
import { readStored, writeStored } from '../lib/storage';
import {
  chooseLanguage,
  languageTags,
  translator,
  type Language,
  type Translate,
} from './translate';

interface I18n {
  language: Language;
  setLanguage: (language: Language) => void;
  t: Translate;
  format: Formatter;
}

const storageKey = 'redline.language';
const I18nContext = createContext<I18n>(i18nFor('en', () => undefined));

function i18nFor(language: Language, setLanguage: (language: Language) => void): I18n {
  const t = translator(language);
  return { language, setLanguage, t, format: createFormatter(languageTags[language], t) };
}

export function useI18n(): I18n {
  return useContext(I18nContext);
}

export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() =>
    chooseLanguage(readStored('local', storageKey), navigator.languages),
  );
  useEffect(() => {
    document.documentElement.lang = languageTags[language];
  }, [language]);
  const value = useMemo(
    () =>
      i18nFor(language, (next) => {
        writeStored('local', storageKey, next);
        setLanguage(next);
      }),
    [language],
  );
  return <I18nContext.Provider value={value}>{children}</I18nContext.Provider>;
}
