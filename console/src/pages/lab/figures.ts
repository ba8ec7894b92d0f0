// Figures of a result by the names of docs/metrics.md: "output_tps", "ttft_ms.p99".
import type { BenchResult, Interval } from '../../api/lab';

export const metricsShown: readonly { name: string; isTime: boolean }[] = [
  { name: 'output_tps', isTime: false },
  { name: 'total_tps', isTime: false },
  { name: 'request_rate', isTime: false },
  { name: 'ttft_ms.p50', isTime: true },
  { name: 'ttft_ms.p99', isTime: true },
  { name: 'tpot_ms.p50', isTime: true },
  { name: 'e2e_ms.p99', isTime: true },
];

export function figureOf(summary: Record<string, unknown>, name: string): number | undefined {
  const [metric = '', part] = name.split('.');
  const value = summary[metric];
  const found =
    part !== undefined && value !== null && typeof value === 'object'
      ? (value as Record<string, unknown>)[part]
      : value;
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined;
}

export function intervalOf(result: BenchResult, name: string): Interval | undefined {
  const found = result.intervals[name];
  return found && found.high > found.low ? found : undefined;
}
