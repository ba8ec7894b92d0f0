// Where it runs and what for: a worker, where there are several, and a goal, where profiles have one.
import type { LibraryModel, Worker } from '../../api/client';
import { useI18n } from '../../i18n';
import type { Translate } from '../../i18n/translate';
import { Field } from '../../ui/Field';
import { goalsOf, type Options, type Problems } from './options';

interface PlaceChoiceProps {
  model: LibraryModel;
  workers: Worker[];
  options: Options;
  problems: Problems;
  onChange: (options: Options) => void;
}

export function PlaceChoice(props: PlaceChoiceProps) {
  const { t } = useI18n();
  const hasGoals = props.options.engine === '' && goalsOf(props.model).length > 0;
  if (props.workers.length < 2 && !hasGoals) return null;
  return (
    <section>
      <h3>{t('place.title')}</h3>
      {props.workers.length > 1 && <WorkerField {...props} />}
      {hasGoals && <GoalField {...props} />}
    </section>
  );
}

function WorkerField({ workers, options, problems, onChange }: PlaceChoiceProps) {
  const { t } = useI18n();
  return (
    <Field
      id="deploy-worker"
      label={t('place.worker')}
      hint={t('place.workerHint')}
      problem={problems.worker}
    >
      {(described) => (
        <select
          {...described}
          value={options.worker}
          onChange={(event) => onChange({ ...options, worker: event.target.value })}
        >
          <option value="">{t('place.anyWorker')}</option>
          {workers.map((worker) => (
            <option key={worker.id} value={worker.id}>
              {describeWorker(worker, t)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function describeWorker(worker: Worker, t: Translate): string {
  const devices =
    worker.gpus.length > 0
      ? `${worker.num_devices} × ${worker.device_model}`
      : worker.cpu.model || worker.device_model;
  const kind = worker.virtual ? ` (${t('virtual.badge')})` : '';
  return `${worker.name} · ${devices}${kind}`;
}

function GoalField({ model, options, problems, onChange }: PlaceChoiceProps) {
  const { t } = useI18n();
  return (
    <Field id="deploy-goal" label={t('place.goal')} problem={problems.goal}>
      {(described) => (
        <select
          {...described}
          value={options.goal}
          disabled={options.profile !== ''}
          onChange={(event) => onChange({ ...options, goal: event.target.value })}
        >
          <option value="">{t('place.anyGoal')}</option>
          {goalsOf(model).map((goal) => (
            <option key={goal} value={goal}>
              {goal}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
