import { useState } from 'react';

import type { Deployment } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { ConfirmDialog } from '../../ui/Dialog';

interface StopButtonProps {
  deployment: Deployment;
  onStopped: () => void;
  small?: boolean;
}

export function StopButton({ deployment, onStopped, small = false }: StopButtonProps) {
  const { t } = useI18n();
  const { client } = useApi();
  const { notify } = useNotices();
  const [asking, setAsking] = useState(false);
  const { name } = deployment;
  const stop = async () => {
    try {
      await client.remove(name);
      notify(t('stop.done', { name }));
      onStopped();
    } catch (error) {
      notify(errorText(error, t), 'error');
    }
  };
  return (
    <>
      <button
        className={`button button-stop ${small ? 'button-small' : ''}`}
        disabled={deployment.deleting}
        aria-label={`${t('deployments.stop')} ${name}`}
        onClick={() => setAsking(true)}
      >
        {t('deployments.stop')}
      </button>
      {asking && (
        <ConfirmDialog
          title={t('stop.title', { name })}
          text={t('stop.text')}
          confirm={t('stop.confirm')}
          onConfirm={() => void stop()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
