// What a click on Deploy would run with these options: the library's answer as long as nothing was
// changed, else that of a dry run.
import { useEffect, useState } from 'react';

import { isAbort, type Chosen, type DryRun, type Fit, type LibraryModel } from '../../api/client';
import { errorText, useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { defaultOptions, deployRequest, type Options } from './DeployOptions';

export interface Preview {
  fit: Fit;
  chosen: Chosen | null;
  problem: string | null; // why the server would refuse
}

interface Outcome {
  dryRun: DryRun | null; // the last that was not refused
  problem: string | null;
}

const nothingAsked: Outcome = { dryRun: null, problem: null };
const typingMs = 300;

export function usePreview(model: LibraryModel, options: Options): Preview {
  const { client } = useApi();
  const { t } = useI18n();
  const [{ dryRun, problem }, setOutcome] = useState(nothingAsked);
  const { name } = model;
  useEffect(() => {
    if (isDefault(options)) {
      setOutcome(nothingAsked);
      return;
    }
    const controller = new AbortController();
    const ask = async () => {
      try {
        const answer = await client.dryRun(deployRequest(name, options), controller.signal);
        setOutcome({ dryRun: answer, problem: null });
      } catch (error) {
        if (!isAbort(error)) setOutcome((last) => ({ ...last, problem: errorText(error, t) }));
      }
    };
    const timer = setTimeout(() => void ask(), typingMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [client, name, options, t]);
  if (!dryRun) return { fit: model.fit, chosen: model.chosen, problem };
  return { fit: dryRun.fit, chosen: chosenBy(dryRun, model), problem };
}

function isDefault(options: Options): boolean {
  return (
    options.name.trim() === '' &&
    options.profile === defaultOptions.profile &&
    options.replicas === defaultOptions.replicas
  );
}

function chosenBy(dryRun: DryRun, model: LibraryModel): Chosen {
  const { profile, engine, command, why } = dryRun;
  const evidence = model.profiles.find((each) => each.name === profile)?.evidence;
  return {
    profile,
    engine,
    command,
    why,
    evidence: evidence ?? { kind: 'none', summary: '', source: '' },
  };
}
