import type { Instance } from '../../api/client';
import { useI18n } from '../../i18n';
import { PhaseBadge } from '../../ui/PhaseBadge';
import { ProgressLine } from '../../ui/ProgressLine';
import { instanceProgress, instanceUptime } from './phase';

export function InstanceTable({ instances }: { instances: Instance[] }) {
  const { t } = useI18n();
  return (
    <section className="panel">
      <h2>{t('instances.title')}</h2>
      {instances.length === 0 ? (
        <p className="muted">{t('instances.none')}</p>
      ) : (
        <table className="table table-cards">
          <thead>
            <tr>
              <th scope="col">{t('instances.id')}</th>
              <th scope="col">{t('instances.state')}</th>
              <th scope="col">{t('instances.pid')}</th>
              <th scope="col">{t('instances.restarts')}</th>
              <th scope="col">{t('instances.uptime')}</th>
            </tr>
          </thead>
          <tbody>
            {instances.map((instance) => (
              <InstanceRow key={instance.id} instance={instance} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function InstanceRow({ instance }: { instance: Instance }) {
  const { t, format } = useI18n();
  const progress = instanceProgress(instance);
  const uptime = instanceUptime(instance, Date.now());
  return (
    <tr>
      <th scope="row" className="cell-name">
        <code>{instance.id}</code>
        {instance.worker !== '' && (
          <span className="muted">
            {t('instances.worker')} {instance.worker}
          </span>
        )}
      </th>
      <td className="cell-phase" data-label={t('instances.state')}>
        <PhaseBadge phase={instance.state} />
        {progress && <ProgressLine progress={progress} />}
        {!progress && instance.state !== 'RUNNING' && instance.reason !== '' && (
          <p className="reason">{instance.reason}</p>
        )}
      </td>
      <td data-label={t('instances.pid')}>{instance.pid === 0 ? '–' : instance.pid}</td>
      <td data-label={t('instances.restarts')}>{instance.restart_count}</td>
      <td data-label={t('instances.uptime')}>{uptime === null ? '–' : format.duration(uptime)}</td>
    </tr>
  );
}
