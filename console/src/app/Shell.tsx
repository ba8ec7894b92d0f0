// What surrounds every page: the places to go, language, sign out.
import { useCallback, useEffect, useRef, type ReactNode } from 'react';

import { useI18n } from '../i18n';
import { usePolling } from '../lib/use_polling';
import {
  ChatIcon,
  FlaskIcon,
  GaugeIcon,
  LayersIcon,
  Logo,
  ServerIcon,
  SignOutIcon,
  SlidersIcon,
} from '../ui/icons';
import { LanguageSwitch } from '../ui/LanguageSwitch';
import { useApi } from './api_context';
import { Link, type Page, type Route } from './router';

const places: { page: Page; Icon: () => ReactNode }[] = [
  { page: 'library', Icon: LayersIcon },
  { page: 'plan', Icon: GaugeIcon },
  { page: 'tuning', Icon: SlidersIcon },
  { page: 'lab', Icon: FlaskIcon },
  { page: 'deployments', Icon: ServerIcon },
  { page: 'chat', Icon: ChatIcon },
];

interface ShellProps {
  route: Route;
  onSignOut: () => void;
  children: ReactNode;
}

export function Shell({ route, onSignOut, children }: ShellProps) {
  const { t } = useI18n();
  const main = useMainFocus(route);
  const skip = () => main.current?.focus();
  return (
    <div className={`shell shell-${route.page}`}>
      <button className="skip-link" onClick={skip}>
        {t('app.skip')}
      </button>
      <header className="topbar">
        <Link page="library" className="brand">
          <Logo />
          <span>Redline</span>
        </Link>
        <nav className="places" aria-label={t('app.navigation')}>
          {places.map(({ page, Icon }) => (
            <Link key={page} page={page} className="place" current={route.page === page}>
              <Icon />
              <span>{t(`app.${page}`)}</span>
            </Link>
          ))}
        </nav>
        <div className="topbar-end">
          <Version />
          <LanguageSwitch />
          <button
            className="icon-button"
            aria-label={t('app.signOut')}
            title={t('app.signOut')}
            onClick={onSignOut}
          >
            <SignOutIcon />
          </button>
        </div>
      </header>
      <main ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function Version() {
  const { client } = useApi();
  const load = useCallback((signal: AbortSignal) => client.version(signal), [client]);
  const { data } = usePolling(load, 60_000);
  return <span className="version">{data?.version}</span>;
}

// A new page takes the keyboard's focus, so that the next Tab starts there.
function useMainFocus(route: Route) {
  const main = useRef<HTMLElement>(null);
  const shown = useRef(route);
  useEffect(() => {
    if (shown.current !== route) main.current?.focus({ preventScroll: true });
    shown.current = route;
  }, [route]);
  return main;
}
