// The best configurations with their figures and bands.
import { useState } from 'react';

import type { Banded, Plan, Ranked } from '../../api/plan';
import { useI18n } from '../../i18n';

const fewRows = 8;

export function RankingTable({ plan }: { plan: Plan }) {
  const { t } = useI18n();
  const [isWhole, setWhole] = useState(false);
  const rows = isWhole ? plan.ranking : plan.ranking.slice(0, fewRows);
  const hasSlo = plan.workload.slo_classes.length > 0;
  return (
    <>
      <table className="table table-cards ranking">
        <thead>
          <tr>
            <th scope="col">{t('ranking.configuration')}</th>
            <th scope="col">{t('ranking.tps')}</th>
            <th scope="col">{t('ranking.ttft')}</th>
            <th scope="col">{t('ranking.tpot')}</th>
            {hasSlo && <th scope="col">{t('ranking.slo')}</th>}
            <th scope="col">{t('ranking.cost')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((ranked, index) => (
            <Row key={index} place={index + 1} ranked={ranked} hasSlo={hasSlo} />
          ))}
        </tbody>
      </table>
      {plan.ranking.length > fewRows && (
        <button className="button button-small" onClick={() => setWhole(!isWhole)}>
          {t(isWhole ? 'ranking.fewer' : 'ranking.all', { count: plan.ranking.length })}
        </button>
      )}
    </>
  );
}

function Row({ place, ranked, hasSlo }: { place: number; ranked: Ranked; hasSlo: boolean }) {
  const { t, format } = useI18n();
  const { prediction } = ranked;
  const cost = prediction.usd_per_million_tokens;
  return (
    <tr>
      <th scope="row">
        <strong>
          {place}. {ranked.engine}
        </strong>
        <br />
        {ranked.configuration}
      </th>
      <td data-label={t('ranking.tps')}>
        <BandedFigure banded={prediction.total_tps} />
      </td>
      <td data-label={t('ranking.ttft')}>{format.milliseconds(prediction.mean_ttft_ms.value)}</td>
      <td data-label={t('ranking.tpot')}>{format.milliseconds(prediction.mean_tpot_ms.value)}</td>
      {hasSlo && (
        <td data-label={t('ranking.slo')}>{Math.floor(prediction.slo_share * 100)}%</td>
      )}
      <td data-label={t('ranking.cost')}>{cost === null ? '–' : cost.toFixed(3)}</td>
    </tr>
  );
}

export function BandedFigure({ banded }: { banded: Banded }) {
  const { t, format } = useI18n();
  return (
    <span>
      {format.number(banded.value)}{' '}
      <span className="muted band">
        {t('plan.band', { low: format.number(banded.low), high: format.number(banded.high) })}
      </span>
    </span>
  );
}
