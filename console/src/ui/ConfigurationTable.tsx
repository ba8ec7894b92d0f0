// The parameters of an engine: asked for, decided before the start, and what it says it runs with.
import type { ConfigurationRow, EngineConfig, Parameters } from '../api/client';
import { useI18n } from '../i18n';

// What a profile asks for; nothing has been decided.
export function requestedRows(engine: EngineConfig): ConfigurationRow[] {
  return Object.entries(engine.requested).map(([name, value]) => ({
    name,
    requested: String(value),
    resolved: '',
    effective: '',
    differs: false,
  }));
}

// Asked for, and something else was decided.
export function isRewritten(row: ConfigurationRow): boolean {
  return row.requested !== '' && row.resolved !== '' && row.requested !== row.resolved;
}

interface ConfigurationTableProps {
  rows: ConfigurationRow[];
  shows: 'plan' | 'running'; // with what the engine says, or without
}

export function ConfigurationTable({ rows, shows }: ConfigurationTableProps) {
  const { t } = useI18n();
  if (rows.length === 0) return <p className="muted">{t('engine.noParameters')}</p>;
  return (
    <table className="table table-cards parameters">
      <thead>
        <tr>
          <th scope="col">{t('engine.parameter')}</th>
          <th scope="col">{t('engine.asked')}</th>
          <th scope="col">{t('engine.resolved')}</th>
          {shows === 'running' && <th scope="col">{t('engine.effective')}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name} className={row.differs ? 'is-different' : undefined}>
            <th scope="row">
              <code>{row.name}</code>
            </th>
            <Cell label={t('engine.asked')} value={row.requested} absent={t('engine.default')} />
            <Cell
              label={t('engine.resolved')}
              value={row.resolved}
              note={isRewritten(row) ? t('engine.changed') : undefined}
            />
            {shows === 'running' && (
              <Cell
                label={t('engine.effective')}
                value={row.effective}
                note={row.differs ? t('engine.differs') : undefined}
              />
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface CellProps {
  label: string; // of the column, for screens that have no room for its head
  value: string;
  absent?: string;
  note?: string | undefined; // marks the cell
}

function Cell({ label, value, absent = '–', note }: CellProps) {
  return (
    <td data-label={label} className={note === undefined ? undefined : 'is-changed'}>
      <span>
        {value === '' ? <span className="muted">{absent}</span> : <code>{value}</code>}
        {note !== undefined && <span className="changed-note"> ≠ {note}</span>}
      </span>
    </td>
  );
}

// Everything that an engine says, behind a line that opens it.
export function EffectiveList({ title, effective }: { title: string; effective: Parameters }) {
  return (
    <details className="effective">
      <summary>{title}</summary>
      <dl tabIndex={0}>
        {Object.entries(effective).map(([name, value]) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              <code>{String(value)}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
