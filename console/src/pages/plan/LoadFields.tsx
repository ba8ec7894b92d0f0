// What few change: load, objectives, engines, a config.json of one's own.
import { useEffect, useState } from 'react';

import { useI18n } from '../../i18n';
import { ChoiceField, Field } from '../../ui/Field';
import type { Load, PlanField } from './form';
import type { PartProps } from './PlanForm';

export function LoadFields(props: PartProps) {
  const { t } = useI18n();
  const { form, change, complaints } = props;
  const loads: Load[] = ['workload', 'concurrency', 'rate'];
  const shown: PlanField[] = ['config', 'amount', 'requests', 'ttft', 'tpot'];
  const isWrong = shown.some((field) => complaints[field] !== undefined);
  const [isOpen, setOpen] = useState(false);
  // What is wrong has to be seen; it stays open when it is mended.
  useEffect(() => {
    if (isWrong) setOpen(true);
  }, [isWrong]);
  return (
    <details
      className="plan-more"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{t('plan.more')}</summary>
      <div className="plan-fields">
        <ChoiceField
          id="plan-load"
          label={t('plan.load')}
          value={form.load}
          onChange={(load) => change({ load: load as Load })}
        >
          {loads.map((load) => (
            <option key={load} value={load}>
              {t(`load.${load}`)}
            </option>
          ))}
        </ChoiceField>
        {form.load !== 'workload' && (
          <NumberField {...props} field="amount" label={t(`amount.${form.load}`)} />
        )}
        <NumberField {...props} field="requests" label={t('plan.requests')} />
        <NumberField {...props} field="ttft" label={t('plan.ttft')} />
        <NumberField {...props} field="tpot" label={t('plan.tpot')} />
        <ConfigField {...props} />
      </div>
      <EngineBoxes {...props} />
    </details>
  );
}

interface NumberFieldProps extends PartProps {
  field: 'amount' | 'requests' | 'ttft' | 'tpot';
  label: string;
}

function NumberField({ field, label, form, complaints, change }: NumberFieldProps) {
  return (
    <Field id={`plan-${field}`} label={label} problem={complaints[field]}>
      {(described) => (
        <input
          {...described}
          inputMode="decimal"
          autoComplete="off"
          maxLength={20}
          value={form[field]}
          onChange={(event) => change({ [field]: event.target.value })}
        />
      )}
    </Field>
  );
}

function ConfigField({ form, complaints, change }: PartProps) {
  const { t } = useI18n();
  const [problem, setProblem] = useState<string>();
  const read = async (file: File | undefined) => {
    setProblem(undefined);
    if (!file) return change({ config: null });
    try {
      if (file.size > 512 * 1024) throw new Error('too large');
      change({ config: { name: file.name, value: JSON.parse(await file.text()) as unknown } });
    } catch {
      change({ config: null });
      setProblem(t('plan.notAConfig', { name: file.name }));
    }
  };
  return (
    <Field
      id="plan-config"
      label={t('plan.config')}
      hint={form.config ? t('plan.configOf', { name: form.config.name }) : t('plan.configHint')}
      problem={problem ?? complaints.config}
    >
      {(described) => (
        <input
          {...described}
          type="file"
          accept=".json,application/json"
          onChange={(event) => void read(event.target.files?.[0])}
        />
      )}
    </Field>
  );
}

function EngineBoxes({ choices, form, change }: PartProps) {
  const { t } = useI18n();
  const toggle = (engine: string, isOn: boolean) => {
    const now = form.engines.length === 0 ? choices.engines : form.engines;
    const next = choices.engines.filter((each) => (each === engine ? isOn : now.includes(each)));
    if (next.length > 0) change({ engines: next.length === choices.engines.length ? [] : next });
  };
  return (
    <fieldset className="plan-engines">
      <legend>{t('plan.engines')}</legend>
      {choices.engines.map((engine) => (
        <label key={engine}>
          <input
            type="checkbox"
            checked={form.engines.length === 0 || form.engines.includes(engine)}
            onChange={(event) => toggle(engine, event.target.checked)}
          />
          {engine}
        </label>
      ))}
    </fieldset>
  );
}
