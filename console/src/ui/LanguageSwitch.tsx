import { useI18n } from '../i18n';
import { languageNames, languages, languageTags } from '../i18n/translate';

export function LanguageSwitch() {
  const { language, setLanguage, t } = useI18n();
  return (
    <div className="segmented" role="group" aria-label={t('app.language')}>
      {languages.map((choice) => (
        <button
          key={choice}
          lang={languageTags[choice]}
          aria-pressed={choice === language}
          onClick={() => setLanguage(choice)}
        >
          {languageNames[choice]}
        </button>
      ))}
    </div>
  );
}
