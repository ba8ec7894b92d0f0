// The engines that may be chosen; none until the server has told.
import { useEffect, useState } from 'react';

import { isAbort, type Engine } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';

export function useEngines(): Engine[] {
  const { client } = useApi();
  const { notify } = useNotices();
  const { t } = useI18n();
  const [engines, setEngines] = useState<Engine[]>([]);
  useEffect(() => {
    const controller = new AbortController();
    client.engines(controller.signal).then(setEngines, (error: unknown) => {
      if (!isAbort(error)) notify(errorText(error, t), 'error');
    });
    return () => controller.abort();
  }, [client, notify, t]);
  return engines;
}
