import { useState, type FormEvent } from 'react';

import { ApiClient, ApiError } from '../../api/client';
import { errorText } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { Logo } from '../../ui/icons';
import { LanguageSwitch } from '../../ui/LanguageSwitch';

interface SignInPageProps {
  refused: boolean;
  onSignIn: (key: string) => void;
}

export function SignInPage({ refused, onSignIn }: SignInPageProps) {
  const { t } = useI18n();
  const [key, setKey] = useState('');
  const [shown, setShown] = useState(false);
  const [checking, setChecking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const candidate = key.trim();
    if (candidate === '' || checking) return;
    setChecking(true);
    try {
      await new ApiClient(candidate, () => undefined).deployments();
      onSignIn(candidate);
    } catch (error) {
      const unknown = error instanceof ApiError && error.status === 401;
      setProblem(unknown ? t('signin.wrong') : errorText(error, t));
      setChecking(false);
    }
  };

  const message = problem ?? (refused ? t('signin.refused') : null);
  return (
    <main className="signin">
      <form className="signin-card" onSubmit={(event) => void submit(event)}>
        <Logo />
        <h1>{t('signin.title')}</h1>
        <label htmlFor="key">{t('signin.key')}</label>
        <div className="input-row">
          <input
            id="key"
            type={shown ? 'text' : 'password'}
            value={key}
            autoFocus
            autoComplete="off"
            autoCapitalize="off"
            spellCheck={false}
            aria-describedby="key-hint"
            onChange={(event) => setKey(event.target.value)}
          />
          <button type="button" className="button button-quiet" onClick={() => setShown(!shown)}>
            {t(shown ? 'signin.hide' : 'signin.show')}
          </button>
        </div>
        <p id="key-hint" className="muted">
          {t('signin.hint')}
        </p>
        {message !== null && (
          <div className="alert alert-error" role="alert">
            {message}
          </div>
        )}
        <button className="button button-primary" disabled={key.trim() === '' || checking}>
          {t(checking ? 'signin.checking' : 'signin.submit')}
        </button>
      </form>
      <LanguageSwitch />
    </main>
  );
}
