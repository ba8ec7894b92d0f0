// Model, hardware and engines of a tuning run.
import { useI18n } from '../../i18n';
import { ChoiceField, Field } from '../../ui/Field';
import type { TuneChoices, TuneFormState } from './TuneForm';

interface PartProps {
  choices: TuneChoices;
  form: TuneFormState;
  change: (fields: Partial<TuneFormState>) => void;
  problemOf: (field: string) => string | undefined;
}

export function ModelChoice({ choices, form, change, problemOf }: PartProps) {
  const { t } = useI18n();
  // On this machine a tune runs engines for CPUs, on models with files that they read.
  const models = form.isVirtual
    ? choices.plan.models.map(({ name, display_name }) => ({ name, display_name }))
    : choices.models.filter(({ fit }) => fit.fits && !fit.virtual);
  return (
    <Field
      id="tune-model"
      label={t('plan.model')}
      hint={t(form.isVirtual ? 'tuning.modelVirtual' : 'tuning.modelHint')}
      problem={problemOf('model')}
    >
      {(described) => (
        <>
          <input
            {...described}
            list="tune-models"
            value={form.model}
            maxLength={1024}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            onChange={(event) => change({ model: event.target.value })}
          />
          <datalist id="tune-models">
            {models.map(({ name, display_name }) => (
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

export function HardwareChoice({ choices, form, change, problemOf }: PartProps) {
  const { t, format } = useI18n();
  return (
    <div className="plan-hardware">
      <ChoiceField
        id="tune-device"
        label={t('plan.device')}
        problem={problemOf('hardware')}
        value={form.device}
        onChange={(device) => change({ device })}
      >
        {choices.plan.hardware.map(({ name, memory_bytes }) => (
          <option key={name} value={name}>
            {t('plan.deviceOf', { name, memory: format.bytes(memory_bytes) })}
          </option>
        ))}
      </ChoiceField>
      <ChoiceField
        id="tune-count"
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

const tunedOnCpus = ['native', 'vllm', 'llama_cpp'];

// None marked means all of them.
export function EngineBoxes({ choices, form, change, problemOf }: PartProps) {
  const { t } = useI18n();
  const engines = form.isVirtual
    ? choices.plan.engines
    : choices.engines
        .filter(({ name, installed }) => installed && tunedOnCpus.includes(name))
        .map(({ name, version, is_built_in }) => (is_built_in ? name : `${name}@${version}`));
  const toggle = (engine: string, isOn: boolean) => {
    const now = form.engines.length === 0 ? engines : form.engines;
    const next = engines.filter((each) => (each === engine ? isOn : now.includes(each)));
    if (next.length > 0) change({ engines: next.length === engines.length ? [] : next });
  };
  const problem = problemOf('engines');
  return (
    <fieldset className="plan-engines">
      <legend>{t('plan.engines')}</legend>
      {engines.map((engine) => (
        <label key={engine}>
          <input
            type="checkbox"
            checked={form.engines.length === 0 || form.engines.includes(engine)}
            onChange={(event) => toggle(engine, event.target.checked)}
          />
          {engine}
        </label>
      ))}
      {problem !== undefined && (
        <p className="field-problem" role="alert">
          {problem}
        </p>
      )}
    </fieldset>
  );
}
