import { useId } from 'react';

import type { Chosen, Deployment, LibraryModel } from '../../api/client';
import { Link } from '../../app/router';
import { phaseOf, shownProgress } from '../deployments/phase';
import { useI18n } from '../../i18n';
import { contextLength, parameterCount } from '../../lib/format';
import { EvidenceLine, runsText } from '../../ui/EngineSummary';
import { ChatIcon } from '../../ui/icons';
import { FitVerdict, MemoryBar } from '../../ui/MemoryBar';
import { PhaseBadge } from '../../ui/PhaseBadge';
import { ProgressLine } from '../../ui/ProgressLine';
import { VirtualBadge } from '../../ui/VirtualBadge';
import type { Deploy } from './use_deploy';

interface ModelCardProps {
  model: LibraryModel;
  deployments: Deployment[];
  deploy: Deploy;
  onDetails: () => void;
}

export function ModelCard({ model, deployments, deploy, onDetails }: ModelCardProps) {
  const { t, language } = useI18n();
  const titleId = useId();
  const runnable = model.fit.fits && model.chosen !== null;
  const problem = deploy.problems[model.name];
  return (
    <li className={`card model-card ${runnable ? '' : 'is-unfit'}`} aria-labelledby={titleId}>
      <div className="model-head">
        <Monogram text={model.display_name} />
        <h2 id={titleId}>{model.display_name}</h2>
        {model.fit.fits && model.fit.virtual && <VirtualBadge />}
      </div>
      <p className="model-summary">{model.summary[language]}</p>
      <ModelFacts model={model} />
      <FitLine model={model} />
      {problem !== undefined && (
        <div className="alert alert-error" role="alert">
          {problem.text}
        </div>
      )}
      {deployments.map((deployment) => (
        <RunningLine key={deployment.name} deployment={deployment} />
      ))}
      <div className="card-actions">
        {deployments.length === 0 && (
          <DeployButton model={model} deploy={deploy} runnable={runnable} />
        )}
        <button
          className="button button-details"
          aria-label={t('library.detailsOf', { name: model.display_name })}
          onClick={onDetails}
        >
          {t('library.details')}
        </button>
      </div>
    </li>
  );
}

function ModelFacts({ model }: { model: LibraryModel }) {
  const { t, format } = useI18n();
  return (
    <dl className="facts">
      <div>
        <dt>{t('library.parameters')}</dt>
        <dd>{parameterCount(model.spec.num_parameters)}</dd>
      </div>
      <div>
        <dt>{t('library.context')}</dt>
        <dd>{contextLength(model.spec.context_length)}</dd>
      </div>
      <div>
        <dt>{t('library.download')}</dt>
        <dd>{model.cached ? t('library.cached') : format.bytes(model.download_bytes)}</dd>
      </div>
      <div>
        <dt>{t('library.license')}</dt>
        <dd>{model.license}</dd>
      </div>
    </dl>
  );
}

function FitLine({ model }: { model: LibraryModel }) {
  const { fit, chosen } = model;
  return (
    <div className="fit">
      <MemoryBar fit={fit} />
      <FitVerdict fit={fit} />
      {chosen && <ChosenLine chosen={chosen} />}
    </div>
  );
}

function ChosenLine({ chosen }: { chosen: Chosen }) {
  const { t } = useI18n();
  return (
    <>
      <p className="muted">{runsText(chosen.engine, chosen.profile, t)}</p>
      <EvidenceLine evidence={{ ...chosen.evidence, source: '' }} />
    </>
  );
}

interface DeployButtonProps {
  model: LibraryModel;
  deploy: Deploy;
  runnable: boolean;
}

function DeployButton({ model, deploy, runnable }: DeployButtonProps) {
  const { t } = useI18n();
  const pending = deploy.pending.has(model.name);
  return (
    <button
      className="button button-primary"
      disabled={!runnable || pending}
      aria-label={`${t('library.deploy')} ${model.display_name}`}
      onClick={() => void deploy.start({ model: model.name })}
    >
      {t(pending ? 'library.deploying' : 'library.deploy')}
    </button>
  );
}

function RunningLine({ deployment }: { deployment: Deployment }) {
  const { t } = useI18n();
  const progress = shownProgress(deployment);
  return (
    <div className="running">
      <div className="running-head">
        <PhaseBadge phase={phaseOf(deployment)} />
        <Link page="deployments" name={deployment.name} className="running-name">
          {deployment.name}
        </Link>
        {deployment.virtual && <VirtualBadge />}
        {deployment.ready_replicas > 0 && (
          <Link page="chat" name={deployment.name} className="button button-primary button-small">
            <ChatIcon />
            <span>{t('library.chat')}</span>
          </Link>
        )}
      </div>
      {progress && <ProgressLine progress={progress} />}
      {deployment.phase === 'ERROR' && deployment.reason !== '' && (
        <p className="reason">{deployment.reason}</p>
      )}
    </div>
  );
}

// Two letters on one of eight colours, the same for the same name.
function Monogram({ text }: { text: string }) {
  const hue = [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % 8;
  return (
    <span className={`monogram monogram-${hue}`} aria-hidden="true">
      {[...text].slice(0, 2).join('')}
    </span>
  );
}
