// Looking for the best engine and flags of a model, on this machine or as a rehearsal.
import { useCallback } from 'react';

import { useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { LoadError, Loading } from '../../ui/states';
import { useJobs } from '../lab/use_jobs';
import { TuneForm, type TuneChoices } from './TuneForm';
import { TuneJob } from './TuneJob';
import { TuneTable } from './TuneTable';

const choicesMs = 600_000; // they change with the server's version and what is installed

export function TuningPage({ id }: { id: string }) {
  const { t } = useI18n();
  const { client } = useApi();
  const jobs = useJobs('tune');
  const load = useCallback(
    async (signal: AbortSignal): Promise<TuneChoices> => {
      const [plan, models, engines] = await Promise.all([
        client.planChoices(signal),
        client.models(signal),
        client.engines(signal),
      ]);
      return { plan, models, engines };
    },
    [client],
  );
  const choices = usePolling(load, choicesMs);
  const error = jobs.error ?? choices.error;
  if (!jobs.data || !choices.data)
    return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  return (
    <div className="page">
      <LoadError error={error} stale />
      <div className="page-head">
        <div>
          <h1>{t('tuning.title')}</h1>
          <p className="muted">{t('tuning.lead')}</p>
        </div>
      </div>
      <TuneForm choices={choices.data} onStarted={jobs.refresh} />
      {id !== '' && (
        <TuneJob
          key={id}
          id={id}
          listed={jobs.data.find((job) => job.id === id)}
          onChanged={jobs.refresh}
        />
      )}
      {jobs.data.length > 0 && <TuneTable jobs={jobs.data} current={id} />}
    </div>
  );
}
