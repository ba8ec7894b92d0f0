// Benchmarks of deployments: start one, watch it, look at what came out, compare two.
import { useCallback, useState } from 'react';

import { useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { Empty, LoadError, Loading } from '../../ui/states';
import { BenchForm } from './BenchForm';
import { BenchJob } from './BenchJob';
import { ComparisonSection } from './ComparisonSection';
import { JobTable } from './JobTable';
import { useJobs } from './use_jobs';

const choicesMs = 600_000; // they change with the server's version only
const deploymentsMs = 5000;

export function LabPage({ id }: { id: string }) {
  const { t } = useI18n();
  const { client } = useApi();
  const jobs = useJobs('bench');
  const loadChoices = useCallback((signal: AbortSignal) => client.planChoices(signal), [client]);
  const choices = usePolling(loadChoices, choicesMs);
  const loadDeployments = useCallback((signal: AbortSignal) => client.deployments(signal), [client]);
  const deployments = usePolling(loadDeployments, deploymentsMs);
  const [marked, setMarked] = useState<string[]>([]);
  const [compared, setCompared] = useState<[string, string] | null>(null);
  const error = jobs.error ?? choices.error ?? deployments.error;
  if (!jobs.data || !choices.data || !deployments.data)
    return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  const there = marked.filter((each) => jobs.data?.some((job) => job.id === each));
  return (
    <div className="page">
      <LoadError error={error} stale />
      <div className="page-head">
        <div>
          <h1>{t('lab.title')}</h1>
          <p className="muted">{t('lab.lead')}</p>
        </div>
      </div>
      <BenchForm
        deployments={deployments.data}
        workloads={choices.data.workloads}
        onStarted={jobs.refresh}
      />
      {id !== '' && (
        <BenchJob
          key={id}
          id={id}
          listed={jobs.data.find((job) => job.id === id)}
          onChanged={jobs.refresh}
        />
      )}
      {jobs.data.length === 0 ? (
        <Empty>{t('lab.empty')}</Empty>
      ) : (
        <JobTable
          jobs={jobs.data}
          current={id}
          marked={there}
          onMark={setMarked}
          onCompare={(a, b) => setCompared([a, b])}
        />
      )}
      {compared && <ComparisonSection key={compared.join(' ')} a={compared[0]} b={compared[1]} />}
    </div>
  );
}
