// Everything about what a click on Deploy would run: engine, fit, command line, configuration, why,
// evidence.
import { useState } from 'react';

import type { Chosen, DeployRequest, Fit, LibraryModel, Worker } from '../../api/client';
import { useI18n } from '../../i18n';
import { ConfigurationTable } from '../../ui/ConfigurationTable';
import { Dialog } from '../../ui/Dialog';
import { CommandLine, EvidenceLine, RunsLine, WhyList } from '../../ui/EngineSummary';
import { FitVerdict, MemoryBar, MemoryTerms } from '../../ui/MemoryBar';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { DeployOptions } from './DeployOptions';
import { EngineChoice } from './EngineChoice';
import { canBeSent, complaintsOf, readOptions, type Options } from './options';
import { PlaceChoice } from './PlaceChoice';
import { ProfileList } from './ProfileList';
import type { Deploy } from './use_deploy';
import { useEngines } from './use_engines';
import { usePreview } from './use_preview';

interface ModelDrawerProps {
  model: LibraryModel;
  first: Options; // as they stand when it opens
  workers: Worker[];
  deploy: Deploy;
  onClose: () => void;
}

export function ModelDrawer({ model, first, workers, deploy, onClose }: ModelDrawerProps) {
  const { t, language } = useI18n();
  const engines = useEngines();
  const [options, setOptions] = useState(first);
  const { fit, chosen, refusal, isOld } = usePreview(model, options);
  const read = readOptions(model.name, options);
  const runnable = options.engine !== '' || (fit !== null && fit.fits && chosen !== null);
  const pending = deploy.pending.has(model.name);
  const refused = deploy.problems[model.name] ?? refusal;
  const { atFields, general } = complaintsOf(read, refused, options, t);
  const change = (next: Options) => {
    deploy.forget(model.name);
    setOptions(next);
  };
  const start = async (request: DeployRequest) => {
    if (await deploy.start(request)) onClose();
    else requestAnimationFrame(focusFirstProblem);
  };
  return (
    <Dialog
      title={model.display_name}
      shape="drawer"
      onClose={onClose}
      footer={
        <>
          <button className="button" onClick={onClose}>
            {t('app.close')}
          </button>
          <button
            className="button button-primary"
            disabled={!runnable || !canBeSent(read) || pending}
            onClick={() => void start(read.request)}
          >
            {t(pending ? 'library.deploying' : 'library.deploy')}
          </button>
        </>
      }
    >
      <p>{model.summary[language]}</p>
      <PlaceChoice
        model={model}
        workers={workers}
        options={options}
        problems={atFields}
        onChange={change}
      />
      <EngineChoice
        model={model}
        chosenProfile={(options.profile === '' ? chosen : model.chosen)?.profile ?? ''}
        engines={engines}
        options={options}
        problems={atFields}
        onChange={change}
      />
      {chosen && (isOld || !canBeSent(read)) && <p className="muted">{t('drawer.old')}</p>}
      {fit && <FitSection fit={fit} />}
      {chosen && <ChosenSections chosen={chosen} />}
      {!chosen && options.engine === '' && <ProfileList profiles={model.profiles} />}
      {!fit && !refused && canBeSent(read) && (
        <p className="muted" role="status">
          {t('drawer.asking')}
        </p>
      )}
      {runnable && (
        <DeployOptions model={model} options={options} problems={atFields} onChange={change} />
      )}
      {general !== null && (
        <div className="alert alert-error" role="alert">
          {general}
        </div>
      )}
    </Dialog>
  );
}

// It may be out of sight, at the other end of the drawer.
function focusFirstProblem() {
  document.querySelector<HTMLElement>('dialog[open] [aria-invalid="true"]')?.focus();
}

function FitSection({ fit }: { fit: Fit }) {
  const { t } = useI18n();
  return (
    <section>
      <h3>
        {t('fit.title')} {fit.virtual && <VirtualBadge />}
      </h3>
      {fit.virtual && <p>{t('virtual.fit', { worker: fit.worker })}</p>}
      <FitVerdict fit={fit} />
      <MemoryBar fit={fit} />
      <MemoryTerms fit={fit} />
      {!fit.fits && <p className="muted">{fit.message}</p>}
    </section>
  );
}

function ChosenSections({ chosen }: { chosen: Chosen }) {
  const { t } = useI18n();
  return (
    <>
      <section>
        <h3>{t('drawer.wouldRun')}</h3>
        <RunsLine engine={chosen.engine} profile={chosen.profile} />
        <h4>{t('engine.command')}</h4>
        <CommandLine command={chosen.command} />
        <h4>{t('engine.parameters')}</h4>
        <ConfigurationTable rows={chosen.configuration} shows="plan" />
      </section>
      {chosen.why.length > 0 && (
        <section>
          <h3>{t('engine.why')}</h3>
          <WhyList why={chosen.why} />
        </section>
      )}
      <section>
        <h3>{t('engine.evidence')}</h3>
        <EvidenceLine evidence={chosen.evidence} />
      </section>
    </>
  );
}
