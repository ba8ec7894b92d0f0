// What a click on Deploy would run with these options: the library's answer as long as nothing was
// changed, else that of a dry run.
import { useEffect, useState } from 'react';

import {
  isAbort,
  type Chosen,
  type DeployRequest,
  type DryRun,
  type Fit,
  type LibraryModel,
} from '../../api/client';
import { refusalOf, useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { canBeSent, readOptions, type Options, type Refusal } from './options';

export interface Preview {
  fit: Fit | null; // null: not known yet
  chosen: Chosen | null;
  refusal: Refusal | null; // why the server would refuse
  isOld: boolean; // of before the last change, which was refused
}

interface Outcome {
  engine: string; // that was asked about
  dryRun: DryRun | null; // the last that was not refused
  refusal: Refusal | null;
}

const nothingAsked: Outcome = { engine: '', dryRun: null, refusal: null };
const typingMs = 300;

export function usePreview(model: LibraryModel, options: Options): Preview {
  const { client } = useApi();
  const { t } = useI18n();
  const [outcome, setOutcome] = useState(nothingAsked);
  const { name } = model;
  useEffect(() => {
    const { engine } = options;
    const read = readOptions(name, options);
    if (isDefault(read.request)) {
      setOutcome(nothingAsked);
      return;
    }
    if (!canBeSent(read)) return;
    const controller = new AbortController();
    const ask = async () => {
      try {
        const dryRun = await client.dryRun(read.request, controller.signal);
        setOutcome({ engine, dryRun, refusal: null });
      } catch (error) {
        if (isAbort(error)) return;
        const refusal = refusalOf(error, t);
        setOutcome((last) => ({ engine, dryRun: last.engine === engine ? last.dryRun : null, refusal }));
      }
    };
    const timer = setTimeout(() => void ask(), typingMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [client, name, options, t]);
  return previewOf(model, options, outcome);
}

function previewOf(model: LibraryModel, options: Options, outcome: Outcome): Preview {
  const isAboutIt = outcome.engine === options.engine;
  const dryRun = isAboutIt ? outcome.dryRun : null;
  const refusal = isAboutIt ? outcome.refusal : null;
  if (dryRun)
    return { fit: dryRun.fit, chosen: chosenBy(dryRun, model), refusal, isOld: refusal !== null };
  if (options.engine !== '') return { fit: null, chosen: null, refusal, isOld: false };
  return { fit: model.fit, chosen: model.chosen, refusal, isOld: false };
}

function isDefault(request: DeployRequest): boolean {
  return Object.keys(request).every((field) => field === 'model');
}

function chosenBy(dryRun: DryRun, model: LibraryModel): Chosen {
  const { profile, engine, configuration, command, why } = dryRun;
  const evidence = model.profiles.find((each) => each.name === profile)?.evidence;
  return {
    profile,
    engine,
    configuration,
    command,
    why,
    evidence: evidence ?? { kind: 'none', summary: '', source: '' },
  };
}
