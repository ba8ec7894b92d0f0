import { useState } from 'react';

import type { Deployment } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { ConfirmDialog } from '../../ui/Dialog';

interface DeleteButtonProps {
  deployment: Deployment;
  onDeleted: () => void;
  small?: boolean;
}

export function DeleteButton({ deployment, onDeleted, small = false }: DeleteButtonProps) {
  const { t } = useI18n();
  const { client } = useApi();
  const { notify } = useNotices();
  const [asking, setAsking] = useState(false);
  const { name } = deployment;
  const remove = async () => {
    try {
      await client.remove(name);
      notify(t('delete.done', { name }));
      onDeleted();
    } catch (error) {
      notify(errorText(error, t), 'error');
    }
  };
  return (
    <>
      <button
        className={`button button-stop ${small ? 'button-small' : ''}`}
        disabled={deployment.deleting}
        aria-label={`${t('deployments.delete')} ${name}`}
        onClick={() => setAsking(true)}
      >
        {t('deployments.delete')}
      </button>
      {asking && (
        <ConfirmDialog
          title={t('delete.title', { name })}
          text={t('delete.text')}
          confirm={t('delete.confirm')}
          onConfirm={() => void remove()}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
