// Whether B beats A, as the lab judges it.
import { useCallback } from 'react';

import type { ComparedMetric, Comparison } from '../../api/lab';
import { useApi } from '../../app/api_context';
import { useI18n } from '../../i18n';
import { en, type TextKey } from '../../i18n/en';
import { usePolling } from '../../lib/use_polling';
import { WhyList } from '../../ui/EngineSummary';
import { Section } from '../../ui/Section';
import { LoadError, Loading } from '../../ui/states';

const neverMs = 3_600_000; // what has ended does not change

export function ComparisonSection({ a, b }: { a: string; b: string }) {
  const { t } = useI18n();
  const { client } = useApi();
  const load = useCallback(
    (signal: AbortSignal) => client.compareJobs(a, b, signal),
    [client, a, b],
  );
  const { data, error } = usePolling(load, neverMs);
  return (
    <Section title={t('lab.comparison')}>
      <p className="muted">{t('lab.comparisonOf', { a, b })}</p>
      {data ? (
        <Verdicts comparison={data} />
      ) : error === undefined ? (
        <Loading />
      ) : (
        <LoadError error={error} stale={false} />
      )}
    </Section>
  );
}

function Verdicts({ comparison }: { comparison: Comparison }) {
  const { t } = useI18n();
  return (
    <>
      <table className="table table-cards">
        <thead>
          <tr>
            <th scope="col">{t('lab.metric')}</th>
            <th scope="col">A</th>
            <th scope="col">B</th>
            <th scope="col">{t('lab.change')}</th>
            <th scope="col">{t('lab.verdict')}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(comparison.metrics).map(([name, metric]) => (
            <VerdictRow key={name} name={name} metric={metric} />
          ))}
        </tbody>
      </table>
      <WhyList why={comparison.notes} />
      {comparison.differences.length > 0 && (
        <>
          <h3>{t('lab.differences')}</h3>
          <table className="table table-cards">
            <thead>
              <tr>
                <th scope="col">{t('lab.field')}</th>
                <th scope="col">A</th>
                <th scope="col">B</th>
              </tr>
            </thead>
            <tbody>
              {comparison.differences.map((each) => (
                <tr key={each.field}>
                  <th scope="row">{each.field}</th>
                  <td data-label="A">{each.a}</td>
                  <td data-label="B">{each.b}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  );
}

const tones: Record<string, string> = { faster: 'ok', slower: 'error' };

function VerdictRow({ name, metric }: { name: string; metric: ComparedMetric }) {
  const { t, format } = useI18n();
  const percent = (ratio: number) => `${ratio < 1 ? '−' : '+'}${(Math.abs(ratio - 1) * 100).toFixed(1)}%`;
  const key = `verdict.${metric.verdict.replaceAll(' ', '_')}`;
  const verdict = key in en ? t(key as TextKey) : metric.verdict;
  const value = (figure: number) => `${format.number(figure)} ${metric.unit}`;
  return (
    <tr>
      <th scope="row">
        <code>{name}</code>
      </th>
      <td data-label="A">{value(metric.a)}</td>
      <td data-label="B">{value(metric.b)}</td>
      <td data-label={t('lab.change')}>
        {percent(metric.ratio)}
        {metric.low !== null && metric.high !== null && (
          <span className="muted band">
            {t('plan.band', { low: percent(metric.low), high: percent(metric.high) })}
          </span>
        )}
      </td>
      <td data-label={t('lab.verdict')}>
        <span className={`badge badge-${tones[metric.verdict] ?? 'idle'}`}>{verdict}</span>
        {metric.reason !== '' && <span className="muted band">{metric.reason}</span>}
      </td>
    </tr>
  );
}
