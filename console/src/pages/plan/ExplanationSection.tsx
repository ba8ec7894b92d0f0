// From the defaults to the winner, one change after the other, each with its band.
import { isExplained, type Explanation, type Outcome, type Plan, type PlanStep } from '../../api/plan';
import { useI18n } from '../../i18n';
import { shellCommand } from '../../lib/format';
import { BarList, type BarRow } from '../../ui/BarList';
import { Section } from '../../ui/Section';
import { operationName } from './operations';
import { mostChanged } from './plot';

export function ExplanationSection({ plan }: { plan: Plan }) {
  const { t } = useI18n();
  if (!isExplained(plan))
    return (
      <Section title={t('plan.why')}>
        <p>{(plan.explanation as { missing: string }).missing}</p>
      </Section>
    );
  return (
    <Section title={t('plan.why')}>
      <p className="muted">{t('plan.whyLead')}</p>
      <Steps explanation={plan.explanation} />
    </Section>
  );
}

function Steps({ explanation }: { explanation: Explanation }) {
  const { t, format } = useI18n();
  const { baseline, steps } = explanation;
  const barOf = ({ total_tps: tps }: Outcome): Pick<BarRow, 'value' | 'band'> => ({
    value: tps.value,
    band: { low: tps.low, high: tps.high },
  });
  const rate = (outcome: Outcome) =>
    t('chat.speed', { rate: format.number(outcome.total_tps.value) });
  const rows: BarRow[] = [
    {
      key: 'defaults',
      label: t('plan.defaultsOf', { engine: baseline.engine, configuration: baseline.configuration }),
      text: rate(baseline.prediction),
      shade: 'base',
      ...barOf(baseline.prediction),
    },
    ...steps.map((step, index) => ({
      key: `${index}`,
      label: step.change,
      text: `${rate(step.after)} (×${step.gain.toFixed(2)})`,
      note: <StepNote step={step} />,
      ...barOf(step.after),
    })),
  ];
  return <BarList rows={rows} label={t('plan.why')} />;
}

function StepNote({ step }: { step: PlanStep }) {
  const { t, format } = useI18n();
  const changed = mostChanged(step.seconds_removed, 3).map(([operation, seconds]) => {
    const sign = seconds < 0 ? '−' : '+';
    const amount = t('unit.seconds', { n: format.number(Math.abs(seconds)) });
    return `${operationName(operation, t)} ${sign}${amount}`;
  });
  if (changed.length === 0 && step.words.length === 0) return null;
  return (
    <p className="muted step-note">
      {step.words.length > 0 && <code>{shellCommand(step.words)}</code>}
      <span>{changed.join(' · ')}</span>
    </p>
  );
}
