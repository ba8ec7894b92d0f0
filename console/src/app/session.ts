// The admin key of this tab: from sessionStorage, from the address (#key=...), or typed in.
import { useCallback, useEffect, useState } from 'react';

import { readStored, writeStored } from '../lib/storage';

const storageKey = 'redline.key';

export interface Session {
  key: string | null;
  refused: boolean; // the server did not accept the last key
  signIn: (key: string) => void;
  signOut: () => void;
  refuse: () => void;
}

// The key in "#key=..."; null when there is none.
export function keyFromFragment(fragment: string): string | null {
  const match = /^#key=([^&]+)/.exec(fragment);
  if (!match?.[1]) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

// Takes the key out of the address bar and the history before anything else happens.
export function takeKeyFromAddress(): string | null {
  const key = keyFromFragment(window.location.hash);
  if (key !== null) {
    const { pathname, search } = window.location;
    window.history.replaceState(window.history.state, '', pathname + search);
    writeStored('session', storageKey, key);
  }
  return key;
}

export function useSession(): Session {
  const [state, setState] = useState(() => ({
    key: readStored('session', storageKey),
    refused: false,
  }));

  const enter = useCallback((key: string | null, refused = false) => {
    writeStored('session', storageKey, key);
    setState({ key, refused });
  }, []);

  useEffect(() => {
    const take = () => {
      const key = takeKeyFromAddress();
      if (key !== null) enter(key);
    };
    window.addEventListener('hashchange', take);
    return () => window.removeEventListener('hashchange', take);
  }, [enter]);

  return {
    ...state,
    signIn: useCallback((key) => enter(key), [enter]),
    signOut: useCallback(() => enter(null), [enter]),
    refuse: useCallback(() => enter(null, true), [enter]),
  };
}
