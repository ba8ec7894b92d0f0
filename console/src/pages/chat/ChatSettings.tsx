import { useEffect, useRef, type KeyboardEvent } from 'react';

import { useI18n } from '../../i18n';
import type { TextKey } from '../../i18n/en';
import { CloseIcon } from '../../ui/icons';
import type { Settings } from './conversation';

interface NumberField {
  field: 'temperature' | 'topP' | 'maxTokens';
  label: TextKey;
  min: number;
  max?: number;
  step: number;
}

const numberFields: NumberField[] = [
  { field: 'temperature', label: 'chat.temperature', min: 0, max: 2, step: 0.1 },
  { field: 'topP', label: 'chat.topP', min: 0, max: 1, step: 0.05 },
  { field: 'maxTokens', label: 'chat.maxTokens', min: 1, step: 1 },
];

interface ChatSettingsProps {
  settings: Settings;
  onChange: (settings: Settings) => void;
  onClose: () => void;
}

export function ChatSettings({ settings, onChange, onClose }: ChatSettingsProps) {
  const { t } = useI18n();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.querySelector('input')?.focus(), []);
  const closeOnEscape = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onClose();
  };
  return (
    <section
      ref={panel}
      className="chat-settings"
      aria-label={t('chat.settings')}
      onKeyDown={closeOnEscape}
    >
      <div className="chat-numbers">
        {numberFields.map(({ field, label, min, max, step }) => (
          <label key={field}>
            <span>{t(label)}</span>
            <input
              type="number"
              min={min}
              max={max}
              step={step}
              value={settings[field]}
              placeholder={t('chat.default')}
              onChange={(event) => onChange({ ...settings, [field]: event.target.value })}
            />
          </label>
        ))}
        <button className="icon-button" aria-label={t('app.close')} onClick={onClose}>
          <CloseIcon />
        </button>
      </div>
      <label>
        <span>{t('chat.systemPrompt')}</span>
        <textarea
          rows={2}
          value={settings.systemPrompt}
          onChange={(event) => onChange({ ...settings, systemPrompt: event.target.value })}
        />
      </label>
      <p className="muted">{t('chat.defaultHint')}</p>
    </section>
  );
}
