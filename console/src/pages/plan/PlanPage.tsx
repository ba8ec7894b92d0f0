// The best configuration of an engine for a model, hardware and workload, before any of it is there.
import { useCallback } from 'react';

import type { PlanProgress } from '../../api/plan';
import { useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { en, type TextKey } from '../../i18n/en';
import { usePolling } from '../../lib/use_polling';
import { LoadError, Loading } from '../../ui/states';
import { PlanForm } from './PlanForm';
import { PlanResult } from './PlanResult';
import { usePlan } from './use_plan';

const pollMs = 600_000; // they change with the server's version only

export function PlanPage() {
  const { t } = useI18n();
  const { client } = useApi();
  const { isRunning, progress, plan } = usePlan();
  const load = useCallback((signal: AbortSignal) => client.planChoices(signal), [client]);
  const { data, error } = usePolling(load, pollMs);
  if (!data) return error === undefined ? <Loading /> : <LoadError error={error} stale={false} />;
  return (
    <div className="page">
      <div className="page-head">
        <div>
          <h1>{t('plan.title')}</h1>
          <p className="muted">{t('plan.lead')}</p>
        </div>
      </div>
      <PlanForm choices={data} />
      {isRunning && <Progress progress={progress} />}
      {plan && <PlanResult plan={plan} choices={data} />}
    </div>
  );
}

function Progress({ progress }: { progress: PlanProgress | null }) {
  const { t, format } = useI18n();
  const key = `planPhase.${progress?.phase ?? 'begin'}`;
  const phase = key in en ? t(key as TextKey) : (progress?.phase ?? '');
  const left = progress?.seconds_left ?? null;
  return (
    <div className="panel">
      <progress max={1} {...(progress && { value: progress.fraction })} aria-label={phase} />
      <div className="progress-text">
        <span>{phase}</span>
        {progress && (
          <span>
            {t('plan.doneOf', {
              done: format.number(progress.done),
              all: format.number(progress.all),
            })}
          </span>
        )}
        {left !== null && (
          <span>{t('progress.left', { time: format.duration(Math.ceil(left)) })}</span>
        )}
      </div>
    </div>
  );
}
