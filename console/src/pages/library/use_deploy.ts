// Deploying from the library: one request at a time per model, its error kept beside the model.
import { useCallback, useState } from 'react';

import type { DeployRequest } from '../../api/client';
import { refusalOf, useApi } from '../../app/api_context';
import { useNotices } from '../../app/notices';
import { useI18n } from '../../i18n';
import type { Refusal } from './options';

export interface Deploy {
  pending: ReadonlySet<string>; // models
  problems: Readonly<Record<string, Refusal>>; // by model
  start: (request: DeployRequest) => Promise<boolean>;
  forget: (model: string) => void; // its problem
}

export function useDeploy(onDeployed: () => void): Deploy {
  const { client } = useApi();
  const { t } = useI18n();
  const { notify } = useNotices();
  const [pending, setPending] = useState<ReadonlySet<string>>(new Set());
  const [problems, setProblems] = useState<Record<string, Refusal>>({});

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
        setProblems((all) => ({ ...all, [model]: refusalOf(error, t) }));
        return false;
      } finally {
        setPending((all) => new Set([...all].filter((name) => name !== model)));
      }
    },
    [client, notify, onDeployed, t],
  );
  const forget = useCallback(
    (model: string) => setProblems((all) => (model in all ? without(all, model) : all)),
    [],
  );
  return { pending, problems, start, forget };
}

function without<T>(all: Record<string, T>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([key]) => key !== name));
}
