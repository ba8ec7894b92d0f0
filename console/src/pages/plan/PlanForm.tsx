// What is to be planned.
import type { FormEvent } from 'react';

import type { PlanChoices } from '../../api/plan';
import { useI18n } from '../../i18n';
import { ChoiceField, Field } from '../../ui/Field';
import { LoadFields } from './LoadFields';
import { fieldOf, unreadable, type PlanField, type PlanForm as Form } from './form';
import { usePlan } from './use_plan';

export type Complaints = Partial<Record<PlanField, string>>;

export interface PartProps {
  choices: PlanChoices;
  form: Form;
  complaints: Complaints;
  change: (fields: Partial<Form>) => void;
}

export function PlanForm({ choices }: { choices: PlanChoices }) {
  const { t } = useI18n();
  const { form, setForm, start, stop, isRunning, refusal } = usePlan();
  const bad = unreadable(form);
  const refused = refusal ? fieldOf(refusal.param) : null;
  const complaints: Complaints = {};
  if (refusal && refused) complaints[refused] = refusal.text;
  if (bad) complaints[bad] = t('plan.notANumber');
  const change = (fields: Partial<Form>) => setForm({ ...form, ...fields });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!bad && form.model.trim() !== '') start();
  };
  const parts = { choices, form, complaints, change };
  return (
    <form className="panel plan-form" onSubmit={submit} noValidate>
      <div className="plan-fields">
        <ModelFields {...parts} />
        <HardwareFields {...parts} />
        <ChoiceField
          id="plan-workload"
          label={t('plan.workload')}
          problem={complaints.workload}
          value={form.workload}
          onChange={(workload) => change({ workload })}
        >
          {choices.workloads.map(({ name, num_requests }) => (
            <option key={name} value={name}>
              {t('plan.workloadOf', { name, requests: num_requests })}
            </option>
          ))}
        </ChoiceField>
        <ChoiceField
          id="plan-goal"
          label={t('plan.goal')}
          value={form.goal}
          onChange={(goal) => change({ goal })}
        >
          {(['throughput', 'latency', 'cost'] as const).map((goal) => (
            <option key={goal} value={goal}>
              {t(`goal.${goal}`)}
            </option>
          ))}
        </ChoiceField>
      </div>
      <LoadFields {...parts} />
      {refusal && !refused && (
        <div className="alert alert-error" role="alert">
          {refusal.text}
        </div>
      )}
      <div className="button-row">
        <button className="button button-primary" disabled={isRunning || form.model.trim() === ''}>
          {t(isRunning ? 'plan.running' : 'plan.start')}
        </button>
        {isRunning && (
          <button type="button" className="button" onClick={stop}>
            {t('app.cancel')}
          </button>
        )}
      </div>
    </form>
  );
}

function ModelFields({ choices, form, complaints, change }: PartProps) {
  const { t } = useI18n();
  return (
    <Field
      id="plan-model"
      label={t('plan.model')}
      hint={t('plan.modelHint')}
      problem={complaints.model}
    >
      {(described) => (
        <>
          <input
            {...described}
            list="plan-models"
            value={form.model}
            maxLength={1024}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            onChange={(event) => change({ model: event.target.value })}
          />
          <datalist id="plan-models">
            {choices.models.map(({ name, display_name }) => (
              <option key={name} value={name}>
                {display_name}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function HardwareFields({ choices, form, complaints, change }: PartProps) {
  const { t, format } = useI18n();
  return (
    <div className="plan-hardware">
      <ChoiceField
        id="plan-device"
        label={t('plan.device')}
        problem={complaints.hardware}
        value={form.device}
        onChange={(device) => change({ device })}
      >
        {choices.hardware.map(({ name, memory_bytes }) => (
          <option key={name} value={name}>
            {t('plan.deviceOf', { name, memory: format.bytes(memory_bytes) })}
          </option>
        ))}
      </ChoiceField>
      <ChoiceField
        id="plan-count"
        label={t('plan.count')}
        value={form.count}
        onChange={(count) => change({ count })}
      >
        {['1', '2', '4', '8'].map((count) => (
          <option key={count}>{count}</option>
        ))}
      </ChoiceField>
    </div>
  );
}
