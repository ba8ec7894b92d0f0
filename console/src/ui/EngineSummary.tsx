// Which engine runs, with which parameters, and why.
import type { EngineConfig, Evidence, ParameterValue } from '../api/client';
import { useI18n } from '../i18n';
import { shellCommand } from '../lib/format';
import { CopyButton } from './CopyButton';

export interface ParameterRow {
  name: string;
  asked: ParameterValue | undefined;
  runs: ParameterValue | undefined;
  changed: boolean; // asked for, and the engine runs something else
}

export function parameterRows(engine: EngineConfig): ParameterRow[] {
  const names = new Set([...Object.keys(engine.requested), ...Object.keys(engine.resolved)]);
  return [...names].sort().map((name) => {
    const asked = engine.requested[name];
    const runs = engine.resolved[name];
    return {
      name,
      asked,
      runs,
      changed: asked !== undefined && runs !== undefined && asked !== runs,
    };
  });
}

export function ParameterTable({ engine }: { engine: EngineConfig }) {
  const { t } = useI18n();
  const rows = parameterRows(engine);
  if (rows.length === 0) return <p className="muted">{t('engine.noParameters')}</p>;
  return (
    <div className="scroll-x">
      <table className="table parameters">
        <thead>
          <tr>
            <th scope="col">{t('engine.parameter')}</th>
            <th scope="col">{t('engine.asked')}</th>
            <th scope="col">{t('engine.runs')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} className={row.changed ? 'is-changed' : undefined}>
              <th scope="row">
                <code>{row.name}</code>
              </th>
              <td>
                {row.asked === undefined ? (
                  <Muted text={t('engine.default')} />
                ) : (
                  <Value value={row.asked} />
                )}
              </td>
              <td>
                {row.runs === undefined ? '–' : <Value value={row.runs} />}
                {row.changed && <span className="changed-note">{t('engine.changed')}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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

function Value({ value }: { value: ParameterValue }) {
  return <code>{String(value)}</code>;
}

function Muted({ text }: { text: string }) {
  return <span className="muted">{text}</span>;
}
