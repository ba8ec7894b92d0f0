// Name and number of what will be deployed.
import type { LibraryModel } from '../../api/client';
import { useI18n } from '../../i18n';
import { Field } from '../../ui/Field';
import type { Options, Problems } from './options';

interface DeployOptionsProps {
  model: LibraryModel;
  options: Options;
  problems: Problems;
  onChange: (options: Options) => void;
}

export function DeployOptions({ model, options, problems, onChange }: DeployOptionsProps) {
  const { t } = useI18n();
  return (
    <section>
      <h3>{t('drawer.options')}</h3>
      <Field
        id="deploy-name"
        label={t('drawer.name')}
        hint={t('drawer.nameHint')}
        problem={problems.name}
      >
        {(described) => (
          <input
            {...described}
            value={options.name}
            placeholder={model.name}
            maxLength={63}
            spellCheck={false}
            autoCapitalize="off"
            onChange={(event) => onChange({ ...options, name: event.target.value })}
          />
        )}
      </Field>
      <Field id="deploy-replicas" label={t('drawer.replicas')} problem={problems.replicas}>
        {(described) => (
          <input
            {...described}
            type="number"
            min={1}
            max={64}
            value={options.replicas}
            onChange={(event) =>
              onChange({
                ...options,
                replicas: Math.max(1, Math.floor(event.target.valueAsNumber) || 1),
              })
            }
          />
        )}
      </Field>
    </section>
  );
}
