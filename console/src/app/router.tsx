// The pages and their query strings, kept in the browser's history.
import { useMemo, useSyncExternalStore, type MouseEvent, type ReactNode } from 'react';

export type Page = 'library' | 'plan' | 'tuning' | 'lab' | 'deployments' | 'chat';

export interface Route {
  page: Page;
  name: string; // of a deployment, a model (library) or a job (lab, tuning); '' for none
}

const pages: readonly Page[] = [
  'library',
  'plan',
  'tuning',
  'lab',
  'deployments',
  'chat',
];
const navigated = 'redline:navigated';

export function parseRoute(pathname: string, search: string): Route {
  const first = pathname.split('/')[1];
  const page = pages.find((known) => known === first) ?? 'library';
  return { page, name: new URLSearchParams(search).get('name') ?? '' };
}

// `more`: what a page takes besides.
export function hrefOf(page: Page, name = '', more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...(name !== '' && { name }), ...more }).toString();
  return query === '' ? `/${page}` : `/${page}?${query}`;
}

export function navigate(href: string): void {
  window.history.pushState(null, '', href);
  window.dispatchEvent(new Event(navigated));
  window.scrollTo(0, 0);
}

export function useRoute(): Route {
  const url = useSyncExternalStore(subscribe, currentUrl);
  return useMemo(() => {
    const [pathname = '/', search = ''] = url.split('?');
    return parseRoute(pathname, search);
  }, [url]);
}

interface LinkProps {
  page: Page;
  name?: string;
  more?: Record<string, string>;
  className?: string;
  current?: boolean;
  children: ReactNode;
}

// An ordinary link (new tab, copy address) whose plain click stays in the page.
export function Link({ page, name = '', more = {}, className, current = false, children }: LinkProps) {
  const href = hrefOf(page, name, more);
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
      return;
    event.preventDefault();
    navigate(href);
  };
  return (
    <a
      href={href}
      className={className}
      aria-current={current ? 'page' : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('popstate', onChange);
  window.addEventListener(navigated, onChange);
  return () => {
    window.removeEventListener('popstate', onChange);
    window.removeEventListener(navigated, onChange);
  };
}

function currentUrl(): string {
  return window.location.pathname + window.location.search;
}
