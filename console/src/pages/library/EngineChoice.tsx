// A profile, or an engine with arguments of one's own.
import type { Engine, LibraryModel } from '../../api/client';
import { useI18n } from '../../i18n';
import { Field } from '../../ui/Field';
import type { Options, Problems } from './options';

interface EngineChoiceProps {
  model: LibraryModel;
  chosenProfile: string; // the one that is taken when none is named
  engines: Engine[];
  options: Options;
  problems: Problems;
  onChange: (options: Options) => void;
}

export function EngineChoice(props: EngineChoiceProps) {
  const { t } = useI18n();
  const { model, engines, options } = props;
  const engine = engines.find((each) => nameAtVersion(each) === options.engine);
  return (
    <section>
      <h3>{t('engine.title')}</h3>
      <EngineField {...props} engine={engine} />
      {options.engine === '' && model.chosen && model.profiles.length > 1 && (
        <ProfileField {...props} />
      )}
      {engine && !engine.is_built_in && (
        <>
          <ArgumentsField {...props} />
          <EnvironmentField {...props} />
        </>
      )}
    </section>
  );
}

export function nameAtVersion(engine: Engine): string {
  return `${engine.name}@${engine.version}`;
}

interface EngineFieldProps extends EngineChoiceProps {
  engine: Engine | undefined; // the chosen one
}

function EngineField({ engines, engine, options, problems, onChange }: EngineFieldProps) {
  const { t } = useI18n();
  const choose = (name: string) => {
    const chosen = engines.find((each) => nameAtVersion(each) === name);
    const kept = chosen?.is_built_in ? { arguments: '', environment: '' } : {};
    onChange({ ...options, ...kept, engine: name });
  };
  return (
    <Field
      id="deploy-engine"
      label={t('choice.runWith')}
      hint={engine && !engine.installed ? installHint(engine, t) : undefined}
      problem={problems.engine}
    >
      {(described) => (
        <select
          {...described}
          value={options.engine}
          onChange={(event) => choose(event.target.value)}
        >
          <option value="">{t('choice.profile')}</option>
          {engines.map((each) => (
            <option key={nameAtVersion(each)} value={nameAtVersion(each)}>
              {each.installed
                ? nameAtVersion(each)
                : t('choice.notInstalled', { name: nameAtVersion(each) })}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function installHint(engine: Engine, t: ReturnType<typeof useI18n>['t']): string {
  const name = nameAtVersion(engine);
  return t(engine.can_be_installed ? 'choice.installsFirst' : 'choice.makeKnown', { name });
}

function ProfileField({ model, chosenProfile, options, problems, onChange }: EngineChoiceProps) {
  const { t } = useI18n();
  const chosen = chosenProfile;
  return (
    <Field id="deploy-profile" label={t('drawer.profile')} problem={problems.profile}>
      {(described) => (
        <select
          {...described}
          value={options.profile}
          onChange={(event) => onChange({ ...options, profile: event.target.value })}
        >
          <option value="">{t('drawer.chosen', { name: chosen })}</option>
          {model.profiles
            .filter((profile) => profile.name !== chosen)
            .map((profile) => (
              <option key={profile.name} value={profile.name}>
                {profile.name} ({profile.engine.engine})
              </option>
            ))}
        </select>
      )}
    </Field>
  );
}

// What a keyboard of a phone would put right is wrong here.
const asTyped = { spellCheck: false, autoCapitalize: 'off', autoCorrect: 'off', autoComplete: 'off' };

function ArgumentsField({ options, problems, onChange }: EngineChoiceProps) {
  const { t } = useI18n();
  return (
    <Field
      id="deploy-arguments"
      label={t('choice.arguments')}
      hint={t('choice.argumentsHint')}
      problem={problems.arguments}
    >
      {(described) => (
        <textarea
          {...described}
          {...asTyped}
          className="code"
          rows={3}
          value={options.arguments}
          onChange={(event) => onChange({ ...options, arguments: event.target.value })}
        />
      )}
    </Field>
  );
}

function EnvironmentField({ options, problems, onChange }: EngineChoiceProps) {
  const { t } = useI18n();
  return (
    <Field
      id="deploy-environment"
      label={t('choice.environment')}
      hint={t('choice.environmentHint')}
      problem={problems.environment}
    >
      {(described) => (
        <textarea
          {...described}
          {...asTyped}
          className="code"
          rows={2}
          value={options.environment}
          onChange={(event) => onChange({ ...options, environment: event.target.value })}
        />
      )}
    </Field>
  );
}
