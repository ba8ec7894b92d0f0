import { useState } from 'react';

import type { Deployment } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import { ConfirmDialog } from '../../ui/Dialog';

interface ScaleControlProps {
  deployment: Deployment;
  onScaled: () => void;
}

// One replica more or less; the last one goes only after a question.
export function ScaleControl({ deployment, onScaled }: ScaleControlProps) {
  const { t } = useI18n();
  const { client } = useApi();
  const { notify } = useNotices();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const { name, replicas, deleting } = deployment;

  const scale = async (wanted: number) => {
    setBusy(true);
    try {
      await client.scale(name, wanted);
      notify(t('scale.done', { name, replicas: wanted }));
      onScaled();
    } catch (error) {
      notify(errorText(error, t), 'error');
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="stepper" role="group" aria-label={t('scale.label')}>
      <button
        aria-label={t('scale.less')}
        disabled={busy || deleting || replicas === 0}
        onClick={() => (replicas === 1 ? setAsking(true) : void scale(replicas - 1))}
      >
        −
      </button>
      <output>
        {t('deployments.ready', { ready: deployment.ready_replicas, wanted: replicas })}
      </output>
      <button
        aria-label={t('scale.more')}
        disabled={busy || deleting}
        onClick={() => void scale(replicas + 1)}
      >
        +
      </button>
      {asking && (
        <ConfirmDialog
          title={t('scale.zeroTitle', { name })}
          text={t('scale.zeroText')}
          confirm={t('scale.zeroConfirm')}
          onConfirm={() => void scale(0)}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}
