// One deployment: state, instances, how to use it, what runs and why, events, log.
import { useCallback, useMemo } from 'react';

import { ApiError, type Deployment, type DeploymentEvent } from '../../api/client';
import { useApi } from '../../app/api_context';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { AskedWords, RunsLine, WhyList } from '../../ui/EngineSummary';
import { PhaseBadge } from '../../ui/PhaseBadge';
import { ProgressLine } from '../../ui/ProgressLine';
import { Empty, LoadError, Loading } from '../../ui/states';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { ConfigurationSection } from './ConfigurationSection';
import { CurlLine } from './CurlLine';
import { EventList } from './EventList';
import { InstanceTable } from './InstanceTable';
import { LogTail } from './LogTail';
import { phaseOf, shownProgress, usePhaseAnnouncements } from './phase';
import { ScaleControl } from './ScaleControl';
import { DeleteButton } from './DeleteButton';

const pollMs = 1000;

export function DeploymentPage({ name }: { name: string }) {
  const { data, error, refresh } = useDeployment(name);
  const announced = useMemo(() => (data ? [data.deployment] : undefined), [data]);
  usePhaseAnnouncements(announced);

  if (error instanceof ApiError && error.status === 404) return <Gone name={name} />;
  if (!data) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  const { deployment, events } = data;
  return (
    <div className="page">
      <LoadError error={error} stale />
      <Header deployment={deployment} onChanged={refresh} />
      <div className="columns">
        <div className="column">
          <InstanceTable instances={deployment.instances} />
          <CurlLine name={deployment.name} />
          <ConfigurationSection deployment={deployment} />
          <EngineSection deployment={deployment} />
        </div>
        <div className="column">
          <LogTail deployment={deployment} />
          <EventList events={events} />
        </div>
      </div>
    </div>
  );
}

function useDeployment(name: string) {
  const { client } = useApi();
  const load = useCallback(
    async (signal: AbortSignal): Promise<{ deployment: Deployment; events: DeploymentEvent[] }> => {
      const [deployment, events] = await Promise.all([
        client.deployment(name, signal),
        client.events(name, signal),
      ]);
      return { deployment, events };
    },
    [client, name],
  );
  return usePolling(load, pollMs);
}

function Header({ deployment, onChanged }: { deployment: Deployment; onChanged: () => void }) {
  const { t, format } = useI18n();
  const progress = shownProgress(deployment);
  return (
    <>
      <Back />
      <div className="page-head">
        <div>
          <h1 className="deployment-title">
            {deployment.name} <PhaseBadge phase={phaseOf(deployment)} />
            {deployment.virtual && <VirtualBadge />}
          </h1>
          <p className="muted">
            {t('deployments.model')}: {deployment.model} · {t('deployments.created')}:{' '}
            {format.time(deployment.created_at)}
          </p>
        </div>
        <div className="head-actions">
          <ScaleControl deployment={deployment} onScaled={onChanged} />
          {deployment.ready_replicas > 0 && (
            <Link page="chat" name={deployment.name} className="button button-primary">
              {t('deployments.chat')}
            </Link>
          )}
          <DeleteButton deployment={deployment} onDeleted={onChanged} />
        </div>
      </div>
      {progress && <ProgressLine progress={progress} />}
      {deployment.phase !== 'RUNNING' && deployment.reason !== '' && (
        <div className={`alert ${deployment.phase === 'ERROR' ? 'alert-error' : ''}`}>
          {deployment.reason}
        </div>
      )}
    </>
  );
}

function EngineSection({ deployment }: { deployment: Deployment }) {
  const { t } = useI18n();
  const { engine, profile, why } = deployment;
  return (
    <section className="panel">
      <h2>{t('engine.title')}</h2>
      <RunsLine engine={engine} profile={profile} />
      <AskedWords engine={engine} />
      {why.length > 0 && (
        <>
          <h3>{t('engine.why')}</h3>
          <WhyList why={why} />
        </>
      )}
    </section>
  );
}

function Gone({ name }: { name: string }) {
  const { t } = useI18n();
  return (
    <div className="page">
      <Back />
      <Empty>{t('deployments.gone', { name })}</Empty>
    </div>
  );
}

function Back() {
  const { t } = useI18n();
  return (
    <Link page="deployments" className="back">
      ← {t('deployments.all')}
    </Link>
  );
}
