import { useCallback, useEffect, useRef, useState } from 'react';

import { Poller, type Polled } from './poller';

// Polls `load` while the page is visible. `load` must keep its identity between renders; a new one is
// called at once, and the old data stays until it answers.
export function usePolling<T>(
  load: (signal: AbortSignal) => Promise<T>,
  intervalMs: number,
): Polled<T> & { refresh: () => void } {
  const [state, setState] = useState<Polled<T>>({ data: undefined, error: undefined });
  const poller = useRef<Poller<T>>(undefined);
  useEffect(() => {
    const current = new Poller(load, intervalMs, setState);
    const follow = () => current.setVisible(!document.hidden);
    poller.current = current;
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      current.setVisible(false);
    };
  }, [load, intervalMs]);
  const refresh = useCallback(() => poller.current?.refresh(), []);
  return { ...state, refresh };
}
