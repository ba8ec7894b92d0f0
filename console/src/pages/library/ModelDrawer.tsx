// Everything about what a click on Deploy would run: fit, command line, parameters, why, evidence.
import { useState } from 'react';

import type { Chosen, DeployRequest, LibraryModel } from '../../api/client';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { CommandLine, EvidenceLine, ParameterTable, WhyList } from '../../ui/EngineSummary';
import { MemoryBar, MemoryTerms } from '../../ui/MemoryBar';
import { DeployOptions, deployRequest, type Options } from './DeployOptions';
import type { Deploy } from './use_deploy';

interface ModelDrawerProps {
  model: LibraryModel;
  deploy: Deploy;
  onClose: () => void;
}

export function ModelDrawer({ model, deploy, onClose }: ModelDrawerProps) {
  const { t, language } = useI18n();
  const [options, setOptions] = useState<Options>({ name: '', replicas: 1, profile: '' });
  const runnable = model.fit.fits && model.chosen !== null;
  const pending = deploy.pending.has(model.name);
  const problem = deploy.problems[model.name];
  const start = async (request: DeployRequest) => {
    if (await deploy.start(request)) onClose();
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
            disabled={!runnable || pending}
            onClick={() => void start(deployRequest(model, options))}
          >
            {t(pending ? 'library.deploying' : 'library.deploy')}
          </button>
        </>
      }
    >
      <p>{model.summary[language]}</p>
      {problem !== undefined && (
        <div className="alert alert-error" role="alert">
          {problem}
        </div>
      )}
      <FitSection model={model} />
      {model.chosen ? (
        <ChosenSections chosen={model.chosen} />
      ) : (
        <p className="fit-bad">{t('library.noProfile')}</p>
      )}
      {runnable && <DeployOptions model={model} options={options} onChange={setOptions} />}
    </Dialog>
  );
}

function FitSection({ model }: { model: LibraryModel }) {
  const { t, format } = useI18n();
  const { fit } = model;
  return (
    <section>
      <h3>{t('fit.title')}</h3>
      <p className={fit.fits ? 'fit-ok' : 'fit-bad'}>
        {t(fit.fits ? 'fit.fits' : 'fit.tooBig', {
          needed: format.bytes(fit.needed_bytes),
          available: format.bytes(fit.available_bytes),
        })}
      </p>
      <MemoryBar fit={fit} />
      <MemoryTerms fit={fit} />
    </section>
  );
}

function ChosenSections({ chosen }: { chosen: Chosen }) {
  const { t } = useI18n();
  return (
    <>
      <section>
        <h3>{t('engine.title')}</h3>
        <p>
          {t('library.runs', {
            engine: `${chosen.engine.engine} ${chosen.engine.version}`,
            profile: chosen.profile,
          })}
        </p>
        <h4>{t('engine.command')}</h4>
        <CommandLine command={chosen.command} />
        <h4>{t('engine.parameters')}</h4>
        <ParameterTable engine={chosen.engine} />
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
