// The lab's jobs of one kind, the chosen one in full, and its result once it has one.
import { useCallback, useEffect, useRef, useState } from 'react';

import { isRunning, type Job, type JobKind, type JobRequest } from '../../api/lab';
import { isAbort } from '../../api/client';
import { refusalOf, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { hrefOf, navigate } from '../../app/router';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';

const pollMs = 1500;
const restMs = 15_000; // nothing changes of a job that has ended

export function useJobs(kind: JobKind) {
  const { client } = useApi();
  const load = useCallback((signal: AbortSignal) => client.labJobs(signal), [client]);
  const polled = usePolling(load, pollMs);
  useAnnouncements(polled.data);
  return { ...polled, data: polled.data?.filter((job) => job.request.kind === kind), all: polled.data };
}

export function useJob(id: string, listed: Job | undefined) {
  const { client } = useApi();
  const load = useCallback((signal: AbortSignal) => client.labJob(id, signal), [client, id]);
  const polled = usePolling(load, listed && !isRunning(listed) ? restMs : 1000);
  const { refresh } = polled;
  // What the list has heard first is fetched at once.
  const state = listed?.state;
  useEffect(() => refresh(), [refresh, state]);
  return { ...polled, data: polled.data?.id === id ? polled.data : undefined };
}

export function useResult<T>(job: Job): T | undefined {
  const { client } = useApi();
  const [result, setResult] = useState<{ key: string; value: T }>();
  const key = `${job.id} ${job.ended_at}`;
  const isThere = job.has_result && !isRunning(job);
  useEffect(() => {
    if (!isThere) return;
    const controller = new AbortController();
    client
      .labResult<T>(job.id, controller.signal)
      .then((value) => setResult({ key, value }))
      .catch(() => undefined); // the job says what is wrong with it
    return () => controller.abort();
  }, [client, isThere, job.id, key]);
  return result?.key === key ? result.value : undefined;
}

// Starts a job and goes to it; what the server refuses is kept beside the form.
export function useStart(onStarted: () => void) {
  const { client } = useApi();
  const { t } = useI18n();
  const [isStarting, setStarting] = useState(false);
  const [refusal, setRefusal] = useState<{ text: string; param: string | null } | null>(null);
  const start = async (request: JobRequest) => {
    setStarting(true);
    setRefusal(null);
    try {
      const job = await client.startJob(request);
      onStarted();
      navigate(hrefOf(request.kind === 'tune' ? 'tuning' : 'lab', job.id));
    } catch (error) {
      if (!isAbort(error)) setRefusal(refusalOf(error, t));
    }
    setStarting(false);
  };
  return { isStarting, refusal, start };
}

// An end is read out.
function useAnnouncements(jobs: Job[] | undefined) {
  const { t } = useI18n();
  const { announce } = useNotices();
  const running = useRef(new Set<string>());
  useEffect(() => {
    for (const job of jobs ?? []) {
      if (isRunning(job)) running.current.add(job.id);
      else if (running.current.delete(job.id))
        announce(t('job.announce', { id: job.id, state: t(`job.${job.state}`) }));
    }
  }, [announce, jobs, t]);
}
