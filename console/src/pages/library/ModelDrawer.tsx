// Everything about what a click on Deploy would run: fit, command line, parameters, why, evidence.
import { useState } from 'react';

import type { Chosen, DeployRequest, Fit, LibraryModel } from '../../api/client';
import { useI18n } from '../../i18n';
import { Dialog } from '../../ui/Dialog';
import { CommandLine, EvidenceLine, ParameterTable, WhyList } from '../../ui/EngineSummary';
import { FitVerdict, MemoryBar, MemoryTerms } from '../../ui/MemoryBar';
import { DeployOptions, defaultOptions, deployRequest } from './DeployOptions';
import { ProfileList } from './ProfileList';
import type { Deploy } from './use_deploy';
import { usePreview } from './use_preview';

interface ModelDrawerProps {
  model: LibraryModel;
  deploy: Deploy;
  onClose: () => void;
}

export function ModelDrawer({ model, deploy, onClose }: ModelDrawerProps) {
  const { t, language } = useI18n();
  const [options, setOptions] = useState(defaultOptions);
  const { fit, chosen, problem: wouldFail } = usePreview(model, options);
  const runnable = model.fit.fits && model.chosen !== null;
  const pending = deploy.pending.has(model.name);
  const problem = deploy.problems[model.name] ?? wouldFail;
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
            onClick={() => void start(deployRequest(model.name, options))}
          >
            {t(pending ? 'library.deploying' : 'library.deploy')}
          </button>
        </>
      }
    >
      <p>{model.summary[language]}</p>
      <FitSection fit={fit} />
      {chosen ? <ChosenSections chosen={chosen} /> : <ProfileList profiles={model.profiles} />}
      {runnable && <DeployOptions model={model} options={options} onChange={setOptions} />}
      {problem !== null && (
        <div className="alert alert-error" role="alert">
          {problem}
        </div>
      )}
    </Dialog>
  );
}

function FitSection({ fit }: { fit: Fit }) {
  const { t } = useI18n();
  return (
    <section>
      <h3>{t('fit.title')}</h3>
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
