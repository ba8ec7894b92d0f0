import { useCallback } from 'react';

import type { Deployment } from '../../api/client';
import { useApi } from '../../app/api_context';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { usePolling } from '../../lib/use_polling';
import { PhaseBadge } from '../../ui/PhaseBadge';
import { ProgressLine } from '../../ui/ProgressLine';
import { Empty, LoadError, Loading } from '../../ui/states';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { phaseOf, restartsOf, shownProgress, uptimeOf, usePhaseAnnouncements } from './phase';
import { DeleteButton } from './DeleteButton';

const pollMs = 1500;

export function DeploymentsPage() {
  const { t } = useI18n();
  const { client } = useApi();
  const load = useCallback((signal: AbortSignal) => client.deployments(signal), [client]);
  const { data, error, refresh } = usePolling(load, pollMs);
  usePhaseAnnouncements(data);

  if (!data) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  return (
    <div className="page">
      <LoadError error={error} stale />
      <div className="page-head">
        <div>
          <h1>{t('deployments.title')}</h1>
          <p className="muted">{t('deployments.lead')}</p>
        </div>
      </div>
      {data.length === 0 ? (
        <NothingDeployed />
      ) : (
        <DeploymentTable deployments={data} onChanged={refresh} />
      )}
    </div>
  );
}

function NothingDeployed() {
  const { t } = useI18n();
  return (
    <Empty>
      <p>{t('deployments.empty')}</p>
      <Link page="library" className="button button-primary">
        {t('deployments.emptyAction')}
      </Link>
    </Empty>
  );
}

interface DeploymentTableProps {
  deployments: Deployment[];
  onChanged: () => void;
}

// A table that a narrow screen shows as cards, each cell under its `data-label`.
function DeploymentTable({ deployments, onChanged }: DeploymentTableProps) {
  const { t } = useI18n();
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">{t('deployments.name')}</th>
          <th scope="col">{t('deployments.phase')}</th>
          <th scope="col">{t('deployments.replicas')}</th>
          <th scope="col">{t('deployments.restarts')}</th>
          <th scope="col">{t('deployments.uptime')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('deployments.actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {deployments.map((deployment) => (
          <DeploymentRow key={deployment.name} deployment={deployment} onChanged={onChanged} />
        ))}
      </tbody>
    </table>
  );
}

function DeploymentRow({
  deployment,
  onChanged,
}: {
  deployment: Deployment;
  onChanged: () => void;
}) {
  const { t, format } = useI18n();
  const progress = shownProgress(deployment);
  const uptime = uptimeOf(deployment, Date.now());
  return (
    <tr>
      <th scope="row" className="cell-name">
        <Link page="deployments" name={deployment.name} className="row-link">
          {deployment.name}
        </Link>
        {deployment.virtual && <VirtualBadge />}
        <span className="muted">
          {deployment.model} · {deployment.engine.engine} · {deployment.profile}
        </span>
      </th>
      <td className="cell-phase" data-label={t('deployments.phase')}>
        <PhaseBadge phase={phaseOf(deployment)} />
        {progress && <ProgressLine progress={progress} />}
        {!progress && deployment.phase !== 'RUNNING' && deployment.reason !== '' && (
          <p className="reason">{deployment.reason}</p>
        )}
      </td>
      <td data-label={t('deployments.replicas')}>
        {t('deployments.ready', { ready: deployment.ready_replicas, wanted: deployment.replicas })}
      </td>
      <td data-label={t('deployments.restarts')}>{restartsOf(deployment)}</td>
      <td data-label={t('deployments.uptime')}>
        {uptime === null ? '–' : format.duration(uptime)}
      </td>
      <td className="cell-actions">
        {deployment.ready_replicas > 0 && (
          <Link page="chat" name={deployment.name} className="button button-small">
            {t('deployments.chat')}
          </Link>
        )}
        <DeleteButton deployment={deployment} onDeleted={onChanged} small />
      </td>
    </tr>
  );
}
