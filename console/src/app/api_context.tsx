import { createContext, useContext, useMemo, type ReactNode } from 'react';

import { ApiClient, ApiError, BrokenStreamError } from '../api/client';
import type { Translate } from '../i18n/translate';

interface ApiContextValue {
  client: ApiClient;
  apiKey: string;
}

const ApiContext = createContext<ApiContextValue | null>(null);

export function useApi(): ApiContextValue {
  const value = useContext(ApiContext);
  if (!value) throw new Error('useApi() outside of ApiProvider');
  return value;
}

interface ApiProviderProps {
  apiKey: string;
  onUnauthorized: () => void;
  children: ReactNode;
}

export function ApiProvider({ apiKey, onUnauthorized, children }: ApiProviderProps) {
  const value = useMemo(
    () => ({ client: new ApiClient(apiKey, onUnauthorized), apiKey }),
    [apiKey, onUnauthorized],
  );
  return <ApiContext.Provider value={value}>{children}</ApiContext.Provider>;
}

// What to tell a person: the API's own message where there is one.
export function errorText(error: unknown, t: Translate): string {
  if (error instanceof ApiError) return error.message;
  if (error instanceof BrokenStreamError) return t('error.broken');
  return t('error.unreachable');
}

// The same with what it is about: a field of the request, or a flag of an engine.
export function refusalOf(error: unknown, t: Translate): { text: string; param: string | null } {
  const param = error instanceof ApiError ? error.param : null;
  return { text: errorText(error, t), param };
}
