// Which engine runs, with which parameters, and why.
import type { EngineConfig, Evidence } from '../api/client';
import { useI18n } from '../i18n';
import type { Translate } from '../i18n/translate';
import { shellCommand } from '../lib/format';
import { CopyButton } from './CopyButton';

// An engine that was named with arguments of its own has no profile's name.
export function RunsLine({ engine, profile }: { engine: EngineConfig; profile: string }) {
  const { t } = useI18n();
  return <p>{runsText(engine, profile, t)}</p>;
}

export function runsText(engine: EngineConfig, profile: string, t: Translate): string {
  const name = `${engine.engine} ${engine.version}`;
  return profile === 'custom'
    ? t('library.runsCustom', { engine: name })
    : t('library.runs', { engine: name, profile });
}

// What an engine with its own command line was asked for, in its words.
export function AskedWords({ engine }: { engine: EngineConfig }) {
  const { t } = useI18n();
  const variables = Object.entries(engine.environment);
  return (
    <>
      {engine.arguments.length > 0 && (
        <>
          <h3>{t('engine.arguments')}</h3>
          <CommandLine command={engine.arguments} />
        </>
      )}
      {variables.length > 0 && (
        <>
          <h3>{t('engine.environment')}</h3>
          <div className="code-block">
            <pre tabIndex={0}>{variables.map(([name, value]) => `${name}=${value}`).join('\n')}</pre>
          </div>
        </>
      )}
    </>
  );
}

export function CommandLine({ command }: { command: string[] }) {
  const { t } = useI18n();
  const line = shellCommand(command);
  return (
    <div className="code-block">
      <pre tabIndex={0}>{line}</pre>
      <CopyButton compact label={t('app.copy')} text={() => line} />
    </div>
  );
}

export function WhyList({ why }: { why: string[] }) {
  return (
    <ul className="why">
      {why.map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

export function EvidenceLine({ evidence }: { evidence: Evidence }) {
  const { t } = useI18n();
  const { flaws = [], stale = [] } = evidence;
  const origin = [evidence.engine, evidence.date].filter(Boolean).join(' · ');
  return (
    <div className="evidence">
      <span className={`chip chip-evidence-${evidence.kind}`}>
        {t(`evidence.${evidence.kind}`)}
      </span>
      {stale.length > 0 && (
        <span className="badge badge-error" title={stale.join('; ')}>
          {t('evidence.stale')}
        </span>
      )}
      {evidence.summary !== '' && <span>{evidence.summary}</span>}
      <IntervalText evidence={evidence} />
      {origin !== '' && <span className="muted">{origin}</span>}
      {evidence.source !== '' && (
        <span className="muted">
          {t('evidence.source')}: <code>{evidence.source}</code>
        </span>
      )}
      {flaws.length + stale.length > 0 && (
        <details className="evidence-flaws">
          <summary>{t('evidence.flaws', { count: flaws.length + stale.length })}</summary>
          <WhyList why={[...stale, ...flaws]} />
        </details>
      )}
    </div>
  );
}

// The figure that has an interval: "ratio" beside "ratio_low" and "ratio_high".
function IntervalText({ evidence }: { evidence: Evidence }) {
  const { t, format } = useI18n();
  const { figures = {} } = evidence;
  const name = Object.keys(figures).find((each) => `${each}_low` in figures && `${each}_high` in figures);
  if (name === undefined) return null;
  const text = (key: string) => {
    const value = figures[key];
    if (typeof value !== 'number') return String(value);
    return Math.abs(value) < 10 ? value.toFixed(2) : format.number(value);
  };
  const band = t('plan.band', { low: text(`${name}_low`), high: text(`${name}_high`) });
  return (
    <span className="evidence-figures">
      <code>{name}</code> {text(name)} ({band})
    </span>
  );
}
