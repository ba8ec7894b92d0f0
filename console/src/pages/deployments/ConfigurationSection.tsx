// What was asked for, what was decided, and what the engine says it runs with.
import type { Deployment } from '../../api/client';
import { useI18n } from '../../i18n';
import { ConfigurationTable, EffectiveList } from '../../ui/ConfigurationTable';

export function ConfigurationSection({ deployment }: { deployment: Deployment }) {
  const { t } = useI18n();
  const rows = deployment.configuration;
  const different = rows.filter((row) => row.differs).length;
  const told = deployment.instances.filter(({ effective }) => Object.keys(effective).length > 0);
  return (
    <section className="panel">
      <h2>{t('configuration.title')}</h2>
      {told.length === 0 && <p className="muted">{t('configuration.notTold')}</p>}
      {different > 0 && (
        <p className="differs">{t('configuration.differ', { different, all: rows.length })}</p>
      )}
      <ConfigurationTable rows={rows} shows="running" />
      {told.map(({ id, effective }) => (
        <EffectiveList
          key={id}
          title={t('configuration.effectiveOf', { id, count: Object.keys(effective).length })}
          effective={effective}
        />
      ))}
    </section>
  );
}
