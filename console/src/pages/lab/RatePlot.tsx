// Output tokens a second over a repeat's time, a line per repeat.
import type { RatePoint } from '../../api/lab';
import { useI18n } from '../../i18n';
import { ticksTo } from '../../lib/ticks';
import { useWidth } from '../../lib/use_width';

const margin = { left: 58, right: 14, top: 12, bottom: 44 };
const height = 240;
const shades = 5;

export function RatePlot({ points }: { points: RatePoint[] }) {
  const { t, format } = useI18n();
  const [box, width] = useWidth<HTMLDivElement>(640);
  const xTicks = ticksTo(Math.max(...points.map((each) => each.elapsed_seconds)), width < 480 ? 4 : 8);
  const yTicks = ticksTo(Math.max(...points.map((each) => each.output_tps)), 5);
  const x = (value: number) =>
    margin.left + (value / (xTicks.at(-1) ?? 1)) * (width - margin.left - margin.right);
  const y = (value: number) =>
    margin.top + (1 - value / (yTicks.at(-1) ?? 1)) * (height - margin.top - margin.bottom);
  const repeats = [...new Set(points.map((each) => each.repeat))];
  return (
    <figure className="plot">
      <div ref={box}>
        <svg width={width} height={height} role="img" aria-label={t('lab.overTime')}>
          <g className="plot-grid" aria-hidden="true">
            {yTicks.map((tick) => (
              <g key={tick}>
                <line x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
                <text x={margin.left - 8} y={y(tick) + 4} textAnchor="end">
                  {format.number(tick)}
                </text>
              </g>
            ))}
            {xTicks.map((tick) => (
              <text key={tick} x={x(tick)} y={height - margin.bottom + 18} textAnchor="middle">
                {format.number(tick)}
              </text>
            ))}
            <text x={(margin.left + width - margin.right) / 2} y={height - 6} textAnchor="middle">
              {t('lab.seconds')}
            </text>
          </g>
          {repeats.map((repeat, index) => (
            <polyline
              key={repeat}
              className={`rate-line rate-line-${index % shades}`}
              points={points
                .filter((each) => each.repeat === repeat)
                .map((each) => `${x(each.elapsed_seconds)},${y(each.output_tps)}`)
                .join(' ')}
            />
          ))}
        </svg>
      </div>
      <figcaption className="plot-legend">
        {repeats.slice(0, 20).map((repeat, index) => (
          <span key={repeat}>
            <svg width="14" height="14" aria-hidden="true">
              <path className={`rate-line rate-line-${index % shades}`} d="M0 7H14" />
            </svg>
            {t('lab.repeat', { number: repeat })}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
