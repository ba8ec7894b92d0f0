// The live end of an instance's log. Following stops when the reader scrolls up or presses Pause.
import { useCallback, useLayoutEffect, useRef, useState } from 'react';

import type { Deployment } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { appendLog, emptyLog, type LogBuffer } from './log_buffer';

const pollMs = 1000;
const chunkBytes = 65536;

export function LogTail({ deployment }: { deployment: Deployment }) {
  const { t } = useI18n();
  const [picked, setPicked] = useState('');
  const { instances } = deployment;
  const instance = instances.find((each) => each.id === picked) ?? instances[0];
  return (
    <section className="panel log-panel">
      <div className="panel-head">
        <h2>{t('logs.title')}</h2>
        {instances.length > 1 && (
          <select
            aria-label={t('logs.instance')}
            value={instance?.id}
            onChange={(event) => setPicked(event.target.value)}
          >
            {instances.map((each) => (
              <option key={each.id}>{each.id}</option>
            ))}
          </select>
        )}
      </div>
      {instance ? (
        <Tail key={instance.id} name={deployment.name} instance={instance.id} />
      ) : (
        <p className="muted">{t('logs.unavailable')}</p>
      )}
    </section>
  );
}

function Tail({ name, instance }: { name: string; instance: string }) {
  const { t } = useI18n();
  const [following, setFollowing] = useState(true);
  const { log, error } = useLog(name, instance, following);
  const view = useRef<HTMLPreElement>(null);

  useLayoutEffect(() => {
    if (following && view.current) view.current.scrollTop = view.current.scrollHeight;
  }, [following, log]);

  const scrolled = () => {
    const element = view.current;
    if (!element) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    setFollowing(below < 24);
  };

  return (
    <>
      {error !== undefined && <p className="muted">{errorText(error, t)}</p>}
      <pre ref={view} className="log" tabIndex={0} aria-label={t('logs.title')} onScroll={scrolled}>
        {log.dropped && (
          <span className="muted">
            {t('logs.dropped')}
            {'\n'}
          </span>
        )}
        {log.text === '' ? <span className="muted">{t('logs.empty')}</span> : log.text}
      </pre>
      <div className="log-foot">
        <span className={`follow-state ${following ? 'is-following' : ''}`}>
          {t(following ? 'logs.following' : 'logs.paused')}
        </span>
        <button className="button button-small" onClick={() => setFollowing(!following)}>
          {t(following ? 'logs.pause' : 'logs.follow')}
        </button>
      </div>
    </>
  );
}

function useLog(name: string, instance: string, following: boolean) {
  const { client } = useApi();
  const [log, setLog] = useState<LogBuffer>(emptyLog);
  const current = useRef(emptyLog);
  const load = useCallback(
    async (signal: AbortSignal) => {
      if (!following) return;
      const { text, next } = await client.logs(
        name,
        instance,
        current.current.next,
        chunkBytes,
        signal,
      );
      if (signal.aborted || next === current.current.next) return;
      current.current = appendLog(current.current, text, next);
      setLog(current.current);
    },
    [client, name, instance, following],
  );
  const { error } = usePolling(load, pollMs);
  return { log, error };
}
