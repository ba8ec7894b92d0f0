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
  return (
    <div className="evidence">
      <span className={`chip chip-evidence-${evidence.kind}`}>
        {t(`evidence.${evidence.kind}`)}
      </span>
      {evidence.summary !== '' && <span>{evidence.summary}</span>}
      {evidence.source !== '' && (
        <span className="muted">
          {t('evidence.source')}: <code>{evidence.source}</code>
        </span>
      )}
    </div>
  );
}
