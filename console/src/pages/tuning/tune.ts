// The arithmetic of a tuning run's drawings.
import type { TuneResult, TuneStep, TuneTrial } from '../../api/lab';
import type { PlotPoint } from '../../ui/PointPlot';

export interface FallStep {
  step: TuneStep | null; // null: the baseline
  value: number; // over the baseline
  band?: { low: number; high: number };
}

// Each accepted step on top of those before it; one that was not measured alone changes nothing.
export function waterfallOf(result: TuneResult): FallStep[] {
  const steps: FallStep[] = [{ step: null, value: 1 }];
  let value = 1;
  for (const step of result.steps.filter((each) => each.accepted)) {
    const before = value;
    value *= step.ratio ?? 1;
    steps.push({
      step,
      value,
      ...(step.low !== null &&
        step.high !== null && { band: { low: before * step.low, high: before * step.high } }),
    });
  }
  return steps;
}

export function measuredValue(trial: TuneTrial, goal: string): number | null {
  const values = trial.runs
    .filter((run) => run.fault === 'none')
    .map(({ figures }) => (goal === 'latency' ? 1000 / (figures['e2e_ms.mean'] ?? 0) : figures.total_tps))
    .filter((value): value is number => value !== undefined && Number.isFinite(value));
  return values.length === 0 ? null : mean(values);
}

export interface ForecastRow {
  trial: TuneTrial;
  forecast: { value: number; low: number; high: number };
  measured: number;
}

// The configurations that were both forecast and measured, the fastest first.
export function forecastRows(result: TuneResult): ForecastRow[] {
  const rows: ForecastRow[] = [];
  for (const trial of result.trial_log) {
    const measured = measuredValue(trial, result.goal);
    if (measured !== null && trial.forecast) rows.push({ trial, forecast: trial.forecast, measured });
  }
  return rows.sort((left, right) => right.measured - left.measured);
}

// What was measured, tokens a second at the mean time of a token, and which of it nothing beats in
// both.
export function plotOf(result: TuneResult): {
  points: PlotPoint[];
  frontier: { time: number; rate: number }[];
} {
  const points = result.trial_log.flatMap((trial) => pointOf(trial, result));
  const frontier = points
    .map(({ time, rate }) => ({ time: time.value, rate: rate.value }))
    .filter((each, _, all) => !all.some((other) => beats(other, each)))
    .sort((left, right) => left.time - right.time);
  const isOn = (point: PlotPoint) =>
    frontier.some(({ time, rate }) => time === point.time.value && rate === point.rate.value);
  for (const point of points) if (point.kind === 'other' && isOn(point)) point.kind = 'frontier';
  const order = ['other', 'frontier', 'defaults', 'winner'];
  points.sort((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind));
  return { points, frontier };
}

function pointOf(trial: TuneTrial, result: TuneResult): PlotPoint[] {
  const runs = trial.runs.filter((run) => run.fault === 'none');
  const figures = (name: string) =>
    runs.map((run) => run.figures[name]).filter((value): value is number => value !== undefined);
  const [times, rates] = [figures('tpot_ms.mean'), figures('total_tps')];
  if (times.length === 0 || rates.length === 0) return [];
  const { text, summary } = trial.configuration;
  const isWinner = result.has_winner && text === result.winner.text;
  const kind = isWinner ? 'winner' : text === result.baseline.text ? 'defaults' : 'other';
  return [{ name: summary, kind, time: bandOf(times), rate: bandOf(rates) }];
}

function beats(one: { time: number; rate: number }, other: { time: number; rate: number }): boolean {
  const isNoWorse = one.time <= other.time && one.rate >= other.rate;
  return isNoWorse && (one.time < other.time || one.rate > other.rate);
}

// The runs' mean, from the least to the greatest of them.
function bandOf(values: number[]) {
  return { value: mean(values), low: Math.min(...values), high: Math.max(...values) };
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
