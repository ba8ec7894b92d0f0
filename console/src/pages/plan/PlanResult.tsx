// All that a plan says of the winner, and how sure it is.
import { isExplained, type Plan, type PlanChoices, type Winner } from '../../api/plan';
import { Link } from '../../app/router';
import { useI18n } from '../../i18n';
import { shellCommand, shellQuote } from '../../lib/format';
import { BarList } from '../../ui/BarList';
import { CopyButton } from '../../ui/CopyButton';
import { WhyList } from '../../ui/EngineSummary';
import { MemoryBar, termName } from '../../ui/MemoryBar';
import { Fact, Section } from '../../ui/Section';
import { FrontierPlot } from './FrontierPlot';
import { ExplanationSection } from './ExplanationSection';
import { operationName } from './operations';
import { splitRows } from './plot';
import { BandedFigure, RankingTable } from './RankingTable';
import { useDeployable } from './use_deployable';

export function PlanResult({ plan, choices }: { plan: Plan; choices: PlanChoices }) {
  const { t } = useI18n();
  return (
    <>
      <WinnerPanel plan={plan} choices={choices} />
      <Section title={t('plan.frontier')}>
        <FrontierPlot plan={plan} />
      </Section>
      <ExplanationSection plan={plan} />
      <Section title={t('plan.ranking')}>
        <RankingTable plan={plan} />
      </Section>
      <div className="plan-pair">
        <Section title={t('plan.memory')}>
          <Ledger winner={plan.winner} />
        </Section>
        <Section title={t('plan.split')}>
          <Split plan={plan} />
        </Section>
      </div>
      <Section title={t('plan.sure')}>
        <Sureness plan={plan} />
      </Section>
    </>
  );
}

function WinnerPanel({ plan, choices }: { plan: Plan; choices: PlanChoices }) {
  const { t, format } = useI18n();
  const { winner, ranking } = plan;
  const { prediction } = winner;
  const variables = Object.entries(winner.environment).map(
    ([name, value]) => `${name}=${shellQuote(value)}`,
  );
  const line = [...variables, shellCommand(winner.command)].join(' ');
  const library = useDeployable(plan, choices);
  return (
    <section className="panel">
      <p className="muted">
        {t('plan.about', { model: plan.model, hardware: plan.hardware, workload: plan.workload.name })}
      </p>
      <h2>{`${winner.engine}: ${ranking[0]?.configuration ?? ''}`}</h2>
      <dl className="facts plan-facts">
        <Fact name={t('ranking.tps')}>
          <BandedFigure banded={prediction.total_tps} />
        </Fact>
        <Fact name={t('ranking.ttft')}>{format.milliseconds(prediction.mean_ttft_ms.value)}</Fact>
        <Fact name={t('ranking.tpot')}>{format.milliseconds(prediction.mean_tpot_ms.value)}</Fact>
        {isExplained(plan) && (
          <Fact name={t('plan.gain')}>
            ×{plan.explanation.gain.value.toFixed(2)}{' '}
            <span className="muted band">
              {t('plan.band', {
                low: plan.explanation.gain.low.toFixed(2),
                high: plan.explanation.gain.high.toFixed(2),
              })}
            </span>
          </Fact>
        )}
      </dl>
      <h3>{t('engine.command')}</h3>
      <div className="code-block">
        <pre tabIndex={0}>{line}</pre>
        <CopyButton compact label={t('plan.copyLine')} text={() => line} />
      </div>
      {library !== null && (
        <div className="button-row">
          <Link
            page="library"
            name={library}
            more={{ engine: winner.engine, arguments: shellCommand(winner.arguments) }}
            className="button button-primary"
          >
            {t('plan.deploy')}
          </Link>
        </div>
      )}
    </section>
  );
}

function Ledger({ winner }: { winner: Winner }) {
  const { t, format } = useI18n();
  const { ledger } = winner;
  const terms = Object.entries(ledger.bytes).map(([name, bytes]) => ({ name, bytes }));
  const fit = {
    fits: true,
    needed_bytes: ledger.total_bytes,
    available_bytes: ledger.total_bytes,
    worker: '',
    terms,
    message: '',
    virtual: false,
  };
  return (
    <>
      <MemoryBar fit={fit} />
      <table className="memory-terms">
        <tbody>
          {terms.map((term, index) => (
            <tr key={term.name}>
              <th scope="row">
                <span className={`swatch swatch-${index % 5}`} />
                {termName(term.name, t)}
              </th>
              <td>{format.bytes(term.bytes)}</td>
            </tr>
          ))}
          <tr className="memory-sum">
            <th scope="row">{t('plan.oneGpu')}</th>
            <td>{format.bytes(ledger.total_bytes)}</td>
          </tr>
        </tbody>
      </table>
      <p className="muted">
        {t('plan.kvTokens', {
          all: format.number(ledger.kv_tokens),
          rank: format.number(ledger.kv_tokens_per_rank),
          bytes: format.number(ledger.kv_bytes_per_token),
        })}
      </p>
    </>
  );
}

function Split({ plan }: { plan: Plan }) {
  const { t, format } = useI18n();
  const defaults = isExplained(plan) ? plan.explanation.baseline.seconds : null;
  const rows = splitRows(plan.winner.seconds, defaults).map((row) => ({
    key: row.operation,
    label: operationName(row.operation, t),
    text:
      row.defaults === null
        ? t('unit.seconds', { n: format.number(row.winner) })
        : t('plan.splitOf', {
            winner: format.number(row.winner),
            defaults: format.number(row.defaults),
          }),
    value: row.winner,
    ...(row.defaults !== null && { base: row.defaults }),
  }));
  return <BarList rows={rows} label={t('plan.split')} />;
}

function Sureness({ plan }: { plan: Plan }) {
  const { t, format } = useI18n();
  const { search, winner } = plan;
  const useless = winner.flags.filter((flag) => flag.no_effect);
  return (
    <>
      <p>{t('plan.predicted')}</p>
      <p className={winner.is_calibrated ? undefined : 'plan-warning'}>
        {t(winner.is_calibrated ? 'plan.calibrated' : 'plan.notCalibrated', {
          engine: winner.engine,
        })}
      </p>
      <WhyList why={winner.notes} />
      {useless.length > 0 && (
        <p>{t('plan.noEffect', { words: useless.map((flag) => flag.words.join(' ')).join(', ') })}</p>
      )}
      <p className="muted">
        {t('plan.searched', {
          combinations: format.number(search.combinations),
          distinct: format.number(search.distinct),
          unfit: format.number(search.does_not_run),
          refined: format.number(search.refined),
          time: format.duration(Math.max(1, Math.round(search.seconds))),
        })}
      </p>
    </>
  );
}
