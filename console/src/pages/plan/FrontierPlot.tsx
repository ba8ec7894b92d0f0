// Throughput against the time per token of a plan's configurations.
import type { Plan } from '../../api/plan';
import { useI18n } from '../../i18n';
import { PointPlot } from '../../ui/PointPlot';
import { pointsOf } from './plot';

export function FrontierPlot({ plan }: { plan: Plan }) {
  const { t } = useI18n();
  const points = pointsOf(plan).map(({ name, kind, outcome }) => ({
    name,
    kind,
    time: outcome.mean_tpot_ms,
    rate: outcome.total_tps,
  }));
  const frontier = plan.frontier.map(({ prediction }) => ({
    time: prediction.mean_tpot_ms.value,
    rate: prediction.total_tps.value,
  }));
  return (
    <PointPlot
      points={points}
      frontier={frontier}
      label={t('plot.describe')}
      timeLabel={t('plot.x')}
    />
  );
}
