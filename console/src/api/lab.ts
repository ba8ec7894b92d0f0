// Jobs of the lab as the server tells them, and their results as far as they are shown.
export type JobKind = 'bench' | 'tune';
export const jobStates = [
  'running',
  'stopping',
  'finished',
  'failed',
  'stopped',
  'interrupted',
] as const;
export type JobState = (typeof jobStates)[number];

// What may be asked for; null where it was not.
export interface JobRequest {
  kind: JobKind;
  workload?: string;
  scale?: number | null;
  concurrency?: number | null;
  rate?: number | null;
  requests?: number | null;
  repeats?: number | null;
  deployment?: string;
  model?: string;
  engines?: string[];
  strategy?: string;
  goal?: string;
  max_time_seconds?: number | null;
  max_trials?: number | null;
  virtual?: boolean;
  hardware?: string;
}

export interface RatePoint {
  repeat: number;
  elapsed_seconds: number; // since the repeat's begin
  output_tps: number;
  request_rate: number;
}

// What the command last wrote of itself: a bench's fields, then a tune's.
export interface JobProgress {
  phase?: string;
  elapsed_seconds?: number;
  repeat?: number;
  repeats?: number;
  repeat_seconds_left?: number | null;
  requests?: number;
  done?: number;
  failed?: number;
  output_tps?: number;
  ttft_ms?: { p50: number; p99: number };
  errors?: Record<string, number>;
  series?: RatePoint[];
  most_seconds?: number;
  last?: string;
  last_step?: string;
  trials?: number;
}

export interface Job {
  id: string;
  state: JobState;
  error: string;
  virtual: boolean;
  created_at: string;
  started_at: string;
  ended_at: string;
  figures: Record<string, number>;
  flaws: string[];
  request: JobRequest;
  has_result: boolean;
  can_resume: boolean;
  progress: JobProgress | null;
}

export function isRunning(job: Job): boolean {
  return job.state === 'running' || job.state === 'stopping';
}

// ---- of a bench

export interface Interval {
  low: number;
  high: number;
  confidence: number;
}

type Metric = number | { mean: number; p50: number; p99: number } | null | undefined;

export interface BenchResult {
  valid: boolean;
  invalid_reasons: string[];
  notes: string[];
  intervals: Record<string, Interval>;
  repeats: { summary: Record<string, Metric>; invalid_reasons: string[] }[];
  [metric: string]: unknown;
}

export interface ComparedMetric {
  verdict: string;
  a: number;
  b: number;
  unit: string;
  ratio: number;
  low: number | null;
  high: number | null;
  confidence: number;
  reason: string;
}

export interface Comparison {
  a: string;
  b: string;
  metrics: Record<string, ComparedMetric>;
  notes: string[];
  differences: { field: string; a: string; b: string }[];
}

// ---- of a tune

export interface TunedConfiguration {
  engine: string;
  arguments: string[];
  environment: Record<string, string>;
  summary: string;
  text: string;
}

export interface TuneStep {
  stage: string;
  change: string;
  accepted: boolean;
  outcome: string;
  reason: string;
  ratio: number | null;
  low: number | null;
  high: number | null;
  confidence: number | null;
  predicted_ratio: number | null;
}

export interface TuneTrial {
  number: number; // 0: never started
  configuration: TunedConfiguration;
  fault: string;
  reason: string;
  runs: { fault: string; figures: Record<string, number> }[];
  forecast?: { value: number; low: number; high: number };
}

export interface TuneResult {
  model: string;
  workload: string;
  hardware: string;
  virtual: boolean;
  goal: string;
  has_winner: boolean;
  winner: TunedConfiguration;
  baseline: TunedConfiguration;
  ratio: number;
  low: number;
  high: number;
  confidence: number;
  last_comparison: { reason: string };
  trials: number;
  ended_by: string;
  complete: boolean;
  steps: TuneStep[];
  ties: TunedConfiguration[];
  trial_log: TuneTrial[];
  command: string;
}
