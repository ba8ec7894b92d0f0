// What a tuning run found: the winner with its interval, how it came about, and what was not taken.
import type { Job, TuneResult, TuneStep } from '../../api/lab';
import { useI18n } from '../../i18n';
import { en, type TextKey } from '../../i18n/en';
import { BarList, type BarRow } from '../../ui/BarList';
import { CopyButton } from '../../ui/CopyButton';
import { PointPlot } from '../../ui/PointPlot';
import { Section } from '../../ui/Section';
import { VirtualBadge } from '../../ui/VirtualBadge';
import { ForecastTable } from './ForecastTable';
import { PublishButton } from './PublishButton';
import { deployCommand, gainText } from './text';
import { plotOf, waterfallOf } from './tune';

export function TuneResultView({ job, result }: { job: Job; result: TuneResult }) {
  const { t } = useI18n();
  const { points, frontier } = plotOf(result);
  const rejected = result.steps.filter((step) => !step.accepted);
  return (
    <>
      <WinnerPanel job={job} result={result} />
      <Section title={t('tuning.steps')}>
        <p className="muted">{t('tuning.stepsLead')}</p>
        <Waterfall result={result} />
      </Section>
      {rejected.length > 0 && (
        <Section title={t('tuning.rejected')}>
          <Rejected steps={rejected} />
        </Section>
      )}
      {points.length > 0 && (
        <Section title={t('plan.frontier')}>
          <PointPlot
            points={points}
            frontier={frontier}
            label={t('tuning.plotDescribe')}
            timeLabel={t('plot.x')}
          />
        </Section>
      )}
      <ForecastTable result={result} />
    </>
  );
}

function WinnerPanel({ job, result }: { job: Job; result: TuneResult }) {
  const { t, format } = useI18n();
  const { has_winner: hasWinner, winner, baseline } = result;
  const line = deployCommand(result.model, winner);
  return (
    <section className="panel">
      <p className="muted">
        {t('tuning.about', {
          model: result.model,
          hardware: result.hardware,
          workload: result.workload,
        })}{' '}
        {result.virtual && <VirtualBadge />}
      </p>
      <h2>{hasWinner ? winner.summary : t('tuning.noWinner')}</h2>
      {hasWinner ? (
        <p className="tune-gain">
          {gainText(result, t)} <span className="muted">{t('tuning.over', { name: baseline.summary })}</span>
        </p>
      ) : (
        <p>{result.last_comparison.reason}</p>
      )}
      {result.virtual && <p className="plan-warning">{t('tuning.rehearsal')}</p>}
      {result.ties.length > 0 && (
        <p className="muted">
          {t('tuning.ties', { names: result.ties.map((tie) => tie.summary).join('; ') })}
        </p>
      )}
      <h3>{t('tuning.command')}</h3>
      <div className="code-block">
        <pre tabIndex={0}>{line}</pre>
        <CopyButton compact label={t('tuning.copy')} text={() => line} />
      </div>
      <p className="muted">
        {t('tuning.ended', { count: format.number(result.trials), why: result.ended_by })}
      </p>
      {hasWinner && !result.virtual && <PublishButton job={job} />}
    </section>
  );
}

function Waterfall({ result }: { result: TuneResult }) {
  const { t } = useI18n();
  const rows: BarRow[] = waterfallOf(result).map(({ step, value, band }, index) => ({
    key: `${index}`,
    label: step ? step.change : t('tuning.baseline', { name: result.baseline.summary }),
    text: step ? ratioText(step, t('tuning.notAlone')) : '×1.00',
    value,
    shade: step ? 'main' : 'base',
    ...(band && { band }),
    ...(step && { note: <p className="muted step-note">{step.reason}</p> }),
  }));
  if (result.has_winner)
    rows.push({
      key: 'last',
      label: t('tuning.last'),
      text: gainText(result, t),
      value: result.ratio,
      band: { low: result.low, high: result.high },
    });
  return <BarList rows={rows} label={t('tuning.steps')} />;

  function ratioText(step: TuneStep, otherwise: string): string {
    return step.ratio === null ? otherwise : gainText({ ...step, ratio: step.ratio }, t);
  }
}

function Rejected({ steps }: { steps: TuneStep[] }) {
  const { t } = useI18n();
  const nameOf = (outcome: string) => {
    const key = `outcome.${outcome}`;
    return key in en ? t(key as TextKey) : outcome;
  };
  return (
    <table className="table table-cards">
      <thead>
        <tr>
          <th scope="col">{t('tuning.change')}</th>
          <th scope="col">{t('tuning.outcome')}</th>
          <th scope="col">{t('tuning.measured')}</th>
          <th scope="col">{t('tuning.predicted')}</th>
          <th scope="col">{t('tuning.reason')}</th>
        </tr>
      </thead>
      <tbody>
        {steps.map((step, index) => (
          <tr key={index}>
            <th scope="row">
              {step.change}
              <span className="muted band">{step.stage}</span>
            </th>
            <td data-label={t('tuning.outcome')}>{nameOf(step.outcome)}</td>
            <td data-label={t('tuning.measured')}>
              {step.ratio === null ? '–' : gainText({ ...step, ratio: step.ratio }, t)}
            </td>
            <td data-label={t('tuning.predicted')}>
              {step.predicted_ratio === null ? '–' : `×${step.predicted_ratio.toFixed(2)}`}
            </td>
            <td data-label={t('tuning.reason')}>{step.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
