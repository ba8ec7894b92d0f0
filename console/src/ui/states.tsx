// What a page shows when it has nothing else to show, or may be out of date.
import type { ReactNode } from 'react';

import { errorText } from '../app/api_context';
import { useI18n } from '../i18n';

export function Empty({ children }: { children: ReactNode }) {
  return <div className="empty">{children}</div>;
}

export function Loading() {
  const { t } = useI18n();
  return (
    <div className="empty" role="status">
      {t('app.loading')}
    </div>
  );
}

// Above data that could not be refreshed, or in its place when there never was any.
export function LoadError({ error, stale }: { error: unknown; stale: boolean }) {
  const { t } = useI18n();
  if (error === undefined) return null;
  return (
    <div className="alert alert-error" role="alert">
      {stale ? t('app.reconnecting') : errorText(error, t)}
    </div>
  );
}
