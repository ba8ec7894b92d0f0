// What is to be tuned: this machine's engines, or a rehearsal on hardware that is not there.
import { useState, type FormEvent } from 'react';

import type { Engine, LibraryModel } from '../../api/client';
import type { JobRequest } from '../../api/lab';
import type { PlanChoices } from '../../api/plan';
import { useI18n } from '../../i18n';
import { numberOf } from '../../lib/numbers';
import { ChoiceField, NumberInput } from '../../ui/Field';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { useStart } from '../lab/use_jobs';
import { EngineBoxes, HardwareChoice, ModelChoice } from './TuneFields';

export interface TuneChoices {
  plan: PlanChoices;
  models: LibraryModel[];
  engines: Engine[];
}

export interface TuneFormState {
  isVirtual: boolean;
  model: string;
  device: string;
  count: string;
  workload: string;
  scale: string;
  minutes: string;
  strategy: string;
  goal: string;
  engines: string[]; // empty: all
}

const first: TuneFormState = {
  isVirtual: false,
  model: '',
  device: 'H200',
  count: '8',
  workload: 'short',
  scale: '0.05',
  minutes: '60',
  strategy: 'race',
  goal: 'throughput',
  engines: [],
};

const shown = ['model', 'hardware', 'workload', 'scale', 'max_time_seconds', 'engines'];

export function requestOf(form: TuneFormState): JobRequest {
  const [scale, minutes] = [numberOf(form.scale), numberOf(form.minutes)];
  return {
    kind: 'tune',
    model: form.model.trim(),
    workload: form.workload,
    strategy: form.strategy,
    goal: form.goal,
    ...(scale !== undefined && { scale }),
    ...(minutes !== undefined && { max_time_seconds: minutes * 60 }),
    ...(form.engines.length > 0 && { engines: form.engines }),
    ...(form.isVirtual && { virtual: true, hardware: `${form.device}x${form.count}` }),
  };
}

export function TuneForm({ choices, onStarted }: { choices: TuneChoices; onStarted: () => void }) {
  const { t } = useI18n();
  const { isStarting, refusal, start } = useStart(onStarted);
  const [form, setForm] = useState(first);
  const change = (fields: Partial<TuneFormState>) => setForm({ ...form, ...fields });
  const bad = (['scale', 'minutes'] as const).find((name) => Number.isNaN(numberOf(form[name])));
  const problemOf = (field: string) => (refusal?.param === field ? refusal.text : undefined);
  const numberProblem = (name: string, field: string) =>
    bad === name ? t('plan.notANumber') : problemOf(field);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!bad && form.model.trim() !== '') void start(requestOf(form));
  };
  const parts = { choices, form, change, problemOf };
  return (
    <form className="panel plan-form" onSubmit={submit} noValidate>
      <h2>{t('tuning.new')}</h2>
      <KindChoice form={form} change={change} />
      <div className="plan-fields">
        <ModelChoice {...parts} />
        {form.isVirtual && <HardwareChoice {...parts} />}
        <ChoiceField
          id="tune-workload"
          label={t('plan.workload')}
          problem={problemOf('workload')}
          value={form.workload}
          onChange={(workload) => change({ workload })}
        >
          {choices.plan.workloads.map(({ name, num_requests }) => (
            <option key={name} value={name}>
              {t('plan.workloadOf', { name, requests: num_requests })}
            </option>
          ))}
        </ChoiceField>
        <ChoiceField
          id="tune-goal"
          label={t('plan.goal')}
          problem={problemOf('goal')}
          value={form.goal}
          onChange={(goal) => change({ goal })}
        >
          {(['throughput', 'latency'] as const).map((goal) => (
            <option key={goal} value={goal}>
              {t(`goal.${goal}`)}
            </option>
          ))}
        </ChoiceField>
        <NumberInput
          id="tune-scale"
          label={t('jobField.scale')}
          hint={t('lab.scaleHint')}
          problem={numberProblem('scale', 'scale')}
          value={form.scale}
          onChange={(scale) => change({ scale })}
        />
        <NumberInput
          id="tune-minutes"
          label={t('tuning.minutes')}
          hint={t(form.isVirtual ? 'tuning.minutesVirtual' : 'tuning.minutesHint')}
          problem={numberProblem('minutes', 'max_time_seconds')}
          value={form.minutes}
          onChange={(minutes) => change({ minutes })}
        />
        <ChoiceField
          id="tune-strategy"
          label={t('tuning.strategy')}
          problem={problemOf('strategy')}
          value={form.strategy}
          onChange={(strategy) => change({ strategy })}
        >
          {(['race', 'walk', 'random'] as const).map((strategy) => (
            <option key={strategy} value={strategy}>
              {t(`strategy.${strategy}`)}
            </option>
          ))}
        </ChoiceField>
      </div>
      <EngineBoxes {...parts} />
      {refusal && !shown.includes(refusal.param ?? '') && (
        <div className="alert alert-error" role="alert">
          {refusal.text}
        </div>
      )}
      <div className="button-row">
        <button
          className="button button-primary"
          disabled={isStarting || form.model.trim() === ''}
        >
          {t(form.isVirtual ? 'tuning.startVirtual' : 'tuning.start')}
        </button>
      </div>
    </form>
  );
}

interface KindChoiceProps {
  form: TuneFormState;
  change: (fields: Partial<TuneFormState>) => void;
}

// Models, engines and a sensible time are others: they are chosen anew.
function KindChoice({ form, change }: KindChoiceProps) {
  const { t } = useI18n();
  const choose = (isVirtual: boolean) =>
    change({ isVirtual, model: '', engines: [], minutes: isVirtual ? '2880' : '60' });
  return (
    <fieldset className="plan-engines">
      <legend>{t('tuning.where')}</legend>
      {[false, true].map((isVirtual) => (
        <label key={String(isVirtual)}>
          <input
            type="radio"
            name="tune-kind"
            checked={form.isVirtual === isVirtual}
            onChange={() => choose(isVirtual)}
          />
          {t(isVirtual ? 'tuning.virtual' : 'tuning.real')}
          {isVirtual && <VirtualBadge />}
        </label>
      ))}
    </fieldset>
  );
}
