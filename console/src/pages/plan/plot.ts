// The arithmetic of the plan's drawings.
import type { Outcome, Plan, Ranked, Seconds } from '../../api/plan';
import { isExplained } from '../../api/plan';
import type { PointKind } from '../../ui/PointPlot';

export interface PlotPoint {
  name: string;
  kind: PointKind;
  outcome: Outcome;
}

export function nameOf(ranked: Ranked): string {
  return `${ranked.engine}: ${ranked.configuration}`;
}

// Those of the ranking that are not on the frontier come first, so that they are drawn below.
export function pointsOf(plan: Plan): PlotPoint[] {
  const onFrontier = new Set(plan.frontier.map(nameOf));
  const [best] = plan.ranking;
  const points: PlotPoint[] = [];
  for (const ranked of plan.ranking.slice(1))
    if (!onFrontier.has(nameOf(ranked)))
      points.push({ name: nameOf(ranked), kind: 'other', outcome: ranked.prediction });
  for (const ranked of plan.frontier)
    points.push({ name: nameOf(ranked), kind: 'frontier', outcome: ranked.prediction });
  if (isExplained(plan)) {
    const { engine, configuration, prediction } = plan.explanation.baseline;
    points.push({ name: `${engine}: ${configuration}`, kind: 'defaults', outcome: prediction });
  }
  if (best) points.push({ name: nameOf(best), kind: 'winner', outcome: best.prediction });
  return points;
}

export interface SplitRow {
  operation: string;
  winner: number; // seconds
  defaults: number | null;
}

// The operations that take a thousandth of either run, the longest first.
export function splitRows(winner: Seconds, defaults: Seconds | null): SplitRow[] {
  const sum = (seconds: Seconds) => Object.values(seconds).reduce((all, each) => all + each, 0);
  const least = Math.max(sum(winner), defaults ? sum(defaults) : 0) / 1000;
  return Object.keys(winner)
    .map((operation) => ({
      operation,
      winner: winner[operation] ?? 0,
      defaults: defaults ? (defaults[operation] ?? 0) : null,
    }))
    .filter((row) => Math.max(row.winner, row.defaults ?? 0) > least)
    .sort((left, right) => right.winner - left.winner);
}

// The operations that a step changes most, the seconds that it adds.
export function mostChanged(removed: Seconds, count: number): [string, number][] {
  return Object.entries(removed)
    .map(([operation, seconds]): [string, number] => [operation, -seconds])
    .filter(([, seconds]) => Math.abs(seconds) >= 0.05)
    .sort(([, left], [, right]) => Math.abs(right) - Math.abs(left))
    .slice(0, count);
}
