// Deploying from the library: one request at a time per model, its error kept beside the model.
import { useCallback, useState } from 'react';

import type { DeployRequest } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';

export interface Deploy {
  pending: ReadonlySet<string>; // models
  problems: Readonly<Record<string, string>>; // by model
  start: (request: DeployRequest) => Promise<boolean>;
}

export function useDeploy(onDeployed: () => void): Deploy {
  const { client } = useApi();
  const { t } = useI18n();
  const { notify } = useNotices();
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set());
  const [problems, setProblems] = useState<Record<string, string>>({});

  const start = useCallback(
    async (request: DeployRequest) => {
      const { model } = request;
      setPending((all) => new Set(all).add(model));
      setProblems((all) => without(all, model));
      try {
        const made = await client.deploy(request);
        const engine = `${made.engine.engine} ${made.engine.version}`;
        notify(t('library.deployed', { name: made.name, engine, profile: made.profile }));
        onDeployed();
        return true;
      } catch (error) {
        setProblems((all) => ({ ...all, [model]: errorText(error, t) }));
        return false;
      } finally {
        setPending((all) => new Set([...all].filter((name) => name !== model)));
      }
    },
    [client, notify, onDeployed, t],
  );
  return { pending, problems, start };
}

function without(all: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
}
