import { useEffect, useState } from 'react';

import { useNotices } from '../app/notices';
import { useI18n } from '../i18n';
import { copyText } from '../lib/clipboard';
import { CheckIcon, CopyIcon } from './icons';

interface CopyButtonProps {
  text: () => string;
  label: string;
  compact?: boolean; // the icon alone, with the label for screen readers
}

export function CopyButton({ text, label, compact = false }: CopyButtonProps) {
  const { t } = useI18n();
  const { notify, announce } = useNotices();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    if (await copyText(text())) {
      setCopied(true);
      announce(t('app.copied'));
    } else {
      notify(t('app.copyFailed'), 'error');
    }
  };
  const visible = copied ? t('app.copied') : label;
  return (
    <button
      className={compact ? 'icon-button' : 'button button-quiet'}
      aria-label={compact ? label : undefined}
      title={compact ? visible : undefined}
      onClick={() => void copy()}
    >
      {copied ? <CheckIcon /> : <CopyIcon />}
      {!compact && <span>{visible}</span>}
    </button>
  );
}
