// Plans as the server tells them: the document of `redline plan --output json`, as far as it is shown.
import { ApiError } from './client';

export interface PlanModel {
  name: string; // as engines take it
  display_name: string;
  library: string; // its name there; '': it is not in the library
}

export interface PlanHardware {
  name: string; // of one device
  vendor: string;
  devices_per_node: number;
  memory_bytes: number;
}

export interface PlanWorkload {
  name: string;
  description: string;
  num_requests: number;
}

export interface PlanChoices {
  models: PlanModel[];
  hardware: PlanHardware[];
  workloads: PlanWorkload[];
  engines: string[];
  goals: string[];
}

export interface PlanRequest {
  model: string;
  config?: unknown; // the model's config.json
  hardware: string;
  workload: string;
  concurrency?: number;
  rate?: number;
  requests?: number;
  goal: string;
  slo_ttft_ms?: number;
  slo_tpot_ms?: number;
  engines?: string[];
}

export interface Banded {
  value: number;
  low: number;
  high: number;
}

export interface Outcome {
  total_tps: Banded;
  mean_ttft_ms: Banded;
  mean_tpot_ms: Banded;
  slo_share: number;
  keeps_slo: boolean;
  duration_s: number;
  gpus: number;
  usd_per_million_tokens: number | null;
}

export interface Ranked {
  engine: string;
  configuration: string;
  arguments: string[];
  command: string[];
  prediction: Outcome;
}

export type Seconds = Record<string, number>; // by operation, and "waiting"

export interface PlanLedger {
  bytes: Record<string, number>;
  total_bytes: number;
  kv_tokens: number;
  kv_tokens_per_rank: number;
  kv_bytes_per_token: number;
}

export interface PlanFlag {
  words: string[];
  no_effect: boolean;
}

export interface Winner {
  engine: string;
  arguments: string[];
  environment: Record<string, string>;
  command: string[];
  prediction: Outcome;
  ledger: PlanLedger;
  seconds: Seconds;
  flags: PlanFlag[];
  is_calibrated: boolean;
  notes: string[];
}

export interface PlanStep {
  change: string;
  words: string[];
  gain: number;
  before: Outcome;
  after: Outcome;
  seconds_removed: Seconds;
}

export interface Explanation {
  baseline: { engine: string; configuration: string; prediction: Outcome; seconds: Seconds };
  gain: Banded;
  steps: PlanStep[];
}

export interface Plan {
  model: string;
  hardware: string;
  workload: { name: string; slo_classes: unknown[] };
  goal: string;
  winner: Winner;
  ranking: Ranked[];
  frontier: Ranked[];
  explanation: Explanation | { missing: string };
  search: {
    combinations: number;
    distinct: number;
    does_not_run: number;
    refined: number;
    seconds: number;
    threads: number;
  };
}

export interface PlanProgress {
  phase: string;
  done: number;
  all: number;
  fraction: number;
  seconds_left: number | null; // null: too early to say
}

export type PlanEvent = { type: 'progress'; progress: PlanProgress } | { type: 'plan'; plan: Plan };

// One event of the stream; null: of a kind that this client does not know.
export function planEventOf(event: string, data: string): PlanEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new ApiError(0, `the server sent something that is not JSON: ${data.slice(0, 200)}`);
  }
  if (event === 'progress') return { type: 'progress', progress: value as PlanProgress };
  if (event === 'plan') return { type: 'plan', plan: value as Plan };
  if (event !== 'error') return null;
  const { error } = value as { error?: { message?: string; param?: string | null } };
  throw new ApiError(0, error?.message ?? 'the plan failed', error?.param ?? null);
}

export function isExplained(plan: Plan): plan is Plan & { explanation: Explanation } {
  return 'steps' in plan.explanation;
}
