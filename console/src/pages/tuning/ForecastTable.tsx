// What the planner had said of a configuration beside what it did.
import { useState } from 'react';

import type { TuneResult } from '../../api/lab';
import { useI18n } from '../../i18n';
import { Section } from '../../ui/Section';
import { forecastRows } from './tune';

const shownAtFirst = 8;

export function ForecastTable({ result }: { result: TuneResult }) {
  const { t, format } = useI18n();
  const [isWhole, setWhole] = useState(false);
  const rows = forecastRows(result);
  if (rows.length === 0) return null;
  const isRate = result.goal !== 'latency';
  return (
    <Section title={t('tuning.forecasts')}>
      <p className="muted">{t(isRate ? 'tuning.forecastsLead' : 'tuning.forecastsLatency')}</p>
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t('ranking.configuration')}</th>
            <th scope="col">{t('tuning.predicted')}</th>
            <th scope="col">{t('tuning.measured')}</th>
            <th scope="col">{t('tuning.share')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, isWhole ? rows.length : shownAtFirst).map(({ trial, forecast, measured }) => (
            <tr key={trial.configuration.text}>
              <th scope="row">{trial.configuration.summary}</th>
              <td data-label={t('tuning.predicted')}>
                {format.number(forecast.value)}
                <span className="muted band">
                  {t('plan.band', {
                    low: format.number(forecast.low),
                    high: format.number(forecast.high),
                  })}
                </span>
              </td>
              <td data-label={t('tuning.measured')}>{format.number(measured)}</td>
              <td data-label={t('tuning.share')}>×{(measured / forecast.value).toFixed(2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shownAtFirst && (
        <div className="button-row">
          <button className="button" onClick={() => setWhole(!isWhole)}>
            {isWhole ? t('ranking.fewer') : t('ranking.all', { count: rows.length })}
          </button>
        </div>
      )}
    </Section>
  );
}
