// The few things a person may want otherwise than the defaults.
import type { DeployRequest, LibraryModel } from '../../api/client';
import { useI18n } from '../../i18n';

export interface Options {
  name: string; // '': the model's
  replicas: number;
  profile: string; // '': the chosen one
}

export const defaultOptions: Options = { name: '', replicas: 1, profile: '' };

export function deployRequest(model: string, options: Options): DeployRequest {
  const request: DeployRequest = { model };
  const name = options.name.trim();
  if (name !== '') request.name = name;
  if (options.profile !== '') request.profile = options.profile;
  if (options.replicas !== 1) request.replicas = options.replicas;
  return request;
}

interface DeployOptionsProps {
  model: LibraryModel;
  options: Options;
  onChange: (options: Options) => void;
}

export function DeployOptions({ model, options, onChange }: DeployOptionsProps) {
  const { t } = useI18n();
  return (
    <section>
      <h3>{t('drawer.options')}</h3>
      <div className="field">
        <label htmlFor="deploy-name">{t('drawer.name')}</label>
        <input
          id="deploy-name"
          value={options.name}
          placeholder={model.name}
          maxLength={63}
          spellCheck={false}
          autoCapitalize="off"
          aria-describedby="deploy-name-hint"
          onChange={(event) => onChange({ ...options, name: event.target.value })}
        />
        <p id="deploy-name-hint" className="muted">
          {t('drawer.nameHint')}
        </p>
      </div>
      <div className="field">
        <label htmlFor="deploy-replicas">{t('drawer.replicas')}</label>
        <input
          id="deploy-replicas"
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
      </div>
      {model.profiles.length > 1 && (
        <ProfileField model={model} options={options} onChange={onChange} />
      )}
    </section>
  );
}

function ProfileField({ model, options, onChange }: DeployOptionsProps) {
  const { t } = useI18n();
  const chosen = model.chosen?.profile ?? '';
  return (
    <div className="field">
      <label htmlFor="deploy-profile">{t('drawer.profile')}</label>
      <select
        id="deploy-profile"
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
    </div>
  );
}
