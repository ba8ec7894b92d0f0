// Figures as bars, one below the other, each with its text above it and, where it is known, the band
// that holds it.
import type { ReactNode } from 'react';

export interface BarRow {
  key: string;
  label: ReactNode;
  text: string; // the figure
  value: number;
  band?: { low: number; high: number };
  shade?: 'main' | 'base';
  base?: number; // to compare with: a thin bar below
  note?: ReactNode;
}

export function BarList({ rows, label }: { rows: BarRow[]; label: string }) {
  const most = Math.max(...rows.map((row) => Math.max(row.band?.high ?? row.value, row.base ?? 0)), 1e-12);
  const percent = (value: number) => `${(Math.max(0, value) / most) * 100}%`;
  return (
    <ul className="bars" aria-label={label}>
      {rows.map(({ key, label: name, text, value, band, shade = 'main', base, note }) => (
        <li key={key}>
          <div className="bar-head">
            <span>{name}</span>
            <span className="bar-figure">{text}</span>
          </div>
          <svg className="bar" aria-hidden="true">
            <rect className={`bar-${shade}`} width={percent(value)} y="3" height="10" rx="2" />
            {base !== undefined && (
              <rect className="bar-base" width={percent(base)} y="13" height="3" rx="1" />
            )}
            {band && (
              <g className="bar-band">
                <line x1={percent(band.low)} x2={percent(band.high)} y1="8" y2="8" />
                <line x1={percent(band.low)} x2={percent(band.low)} y1="3" y2="13" />
                <line x1={percent(band.high)} x2={percent(band.high)} y1="3" y2="13" />
              </g>
            )}
          </svg>
          {note}
        </li>
      ))}
    </ul>
  );
}
