// Throughput against a time: the frontier, what else there is, the winner and the defaults.
import type { Banded } from '../api/plan';
import { useI18n } from '../i18n';
import { useWidth } from '../lib/use_width';
import { ticksTo } from '../lib/ticks';

export type PointKind = 'frontier' | 'other' | 'winner' | 'defaults';

export interface PlotPoint {
  name: string;
  kind: PointKind;
  time: Banded; // ms
  rate: Banded; // tokens a second
}

const margin = { left: 58, right: 14, top: 12, bottom: 44 };

interface Axes {
  x: (value: number) => number;
  y: (value: number) => number;
  xTicks: number[];
  yTicks: number[];
  width: number;
  height: number;
}

interface PointPlotProps {
  points: PlotPoint[]; // the last ones are drawn above the others
  frontier: { time: number; rate: number }[];
  label: string;
  timeLabel: string;
}

export function PointPlot({ points, frontier, label, timeLabel }: PointPlotProps) {
  const { t } = useI18n();
  const [box, width] = useWidth<HTMLDivElement>(640);
  const axes = axesOf(points, width);
  return (
    <figure className="plot">
      <div ref={box}>
        <svg width={axes.width} height={axes.height} role="img" aria-label={label}>
          <Grid axes={axes} timeLabel={timeLabel} />
          <FrontierLine frontier={frontier} axes={axes} />
          {points.map((point, index) => (
            <Mark key={index} point={point} axes={axes} />
          ))}
        </svg>
      </div>
      <figcaption className="plot-legend">
        {(['winner', 'frontier', 'other', 'defaults'] as const)
          .filter((kind) => points.some((point) => point.kind === kind))
          .map((kind) => (
            <span key={kind}>
              <svg width="14" height="14" aria-hidden="true">
                <Symbol kind={kind} x={7} y={7} />
              </svg>
              {t(`plot.${kind}`)}
            </span>
          ))}
      </figcaption>
    </figure>
  );
}

// Bands are drawn of the winner and the defaults alone: those of all would hide the points. What
// is far out beyond the frontier is cut off.
function axesOf(points: PlotPoint[], width: number): Axes {
  const height = Math.round(Math.min(380, Math.max(260, width * 0.55)));
  const highest = points.map(({ kind, rate }) => (isTold(kind) ? rate.high : rate.value));
  const xTicks = ticksTo(Math.max(...points.map(({ time }) => time.value), 0), width < 480 ? 4 : 8);
  const yTicks = ticksTo(Math.max(...highest, 0), 5);
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const xMost = xTicks[xTicks.length - 1] ?? 1;
  const yMost = yTicks[yTicks.length - 1] ?? 1;
  return {
    x: (value) => margin.left + (Math.min(value, xMost) / xMost) * inner.width,
    y: (value) => margin.top + (1 - Math.min(value, yMost) / yMost) * inner.height,
    xTicks,
    yTicks,
    width,
    height,
  };
}

function Grid({ axes, timeLabel }: { axes: Axes; timeLabel: string }) {
  const { format } = useI18n();
  const bottom = axes.height - margin.bottom;
  return (
    <g className="plot-grid" aria-hidden="true">
      {axes.yTicks.map((tick) => (
        <g key={tick}>
          <line x1={margin.left} x2={axes.width - margin.right} y1={axes.y(tick)} y2={axes.y(tick)} />
          <text x={margin.left - 8} y={axes.y(tick) + 4} textAnchor="end">
            {format.number(tick)}
          </text>
        </g>
      ))}
      {axes.xTicks.map((tick) => (
        <text key={tick} x={axes.x(tick)} y={bottom + 18} textAnchor="middle">
          {format.number(tick)}
        </text>
      ))}
      <text x={(margin.left + axes.width - margin.right) / 2} y={axes.height - 6} textAnchor="middle">
        {timeLabel}
      </text>
    </g>
  );
}

function FrontierLine({ frontier, axes }: { frontier: PointPlotProps['frontier']; axes: Axes }) {
  const corners = frontier.map(({ time, rate }) => `${axes.x(time)},${axes.y(rate)}`);
  return <polyline className="plot-frontier" points={corners.join(' ')} />;
}

function isTold(kind: PointKind): boolean {
  return kind === 'winner' || kind === 'defaults';
}

function Mark({ point, axes }: { point: PlotPoint; axes: Axes }) {
  const { t, format } = useI18n();
  const { rate: tps, time: tpot } = point;
  const [x, y] = [axes.x(tpot.value), axes.y(tps.value)];
  return (
    <g>
      <title>
        {t('plot.point', {
          name: point.name,
          tps: format.number(tps.value),
          low: format.number(tps.low),
          high: format.number(tps.high),
          tpot: format.number(tpot.value),
        })}
      </title>
      {isTold(point.kind) && (
        <g className={`plot-band plot-${point.kind}`}>
          <line x1={x} x2={x} y1={axes.y(tps.low)} y2={axes.y(tps.high)} />
          <line x1={axes.x(tpot.low)} x2={axes.x(tpot.high)} y1={y} y2={y} />
        </g>
      )}
      <Symbol kind={point.kind} x={x} y={y} />
    </g>
  );
}

function Symbol({ kind, x, y }: { kind: PlotPoint['kind']; x: number; y: number }) {
  const className = `plot-mark plot-${kind}`;
  if (kind === 'winner')
    return <path className={className} d={`M${x} ${y - 6.5}L${x + 6.5} ${y}L${x} ${y + 6.5}L${x - 6.5} ${y}Z`} />;
  if (kind === 'defaults')
    return <rect className={className} x={x - 4.5} y={y - 4.5} width={9} height={9} />;
  return <circle className={className} cx={x} cy={y} r={kind === 'frontier' ? 4 : 3} />;
}
