// What a person may ask of a plan, as it stands in the fields, and the request that it makes.
import type { PlanRequest } from '../../api/plan';

export type Load = 'workload' | 'concurrency' | 'rate';

export interface PlanForm {
  model: string;
  config: { name: string; value: unknown } | null; // of a model that the server does not know
  device: string;
  count: string;
  workload: string;
  goal: string;
  load: Load;
  amount: string; // of concurrency or rate
  requests: string; // '': the workload's
  ttft: string; // milliseconds; '': no objective
  tpot: string;
  engines: string[]; // empty: all
}

export const emptyForm: PlanForm = {
  model: '',
  config: null,
  device: 'H200',
  count: '8',
  workload: 'sharegpt',
  goal: 'throughput',
  load: 'workload',
  amount: '',
  requests: '',
  ttft: '',
  tpot: '',
  engines: [],
};

export function requestOf(form: PlanForm): PlanRequest {
  const request: PlanRequest = {
    model: form.model.trim(),
    hardware: `${form.device}x${form.count.trim()}`,
    workload: form.workload,
    goal: form.goal,
  };
  if (form.config) request.config = form.config.value;
  const numbers = {
    requests: form.requests,
    slo_ttft_ms: form.ttft,
    slo_tpot_ms: form.tpot,
    ...(form.load !== 'workload' && { [form.load]: form.amount }),
  };
  for (const [field, text] of Object.entries(numbers))
    if (text.trim() !== '') Object.assign(request, { [field]: Number(text) });
  if (form.engines.length > 0) request.engines = form.engines;
  return request;
}

export type PlanField = 'model' | 'config' | 'hardware' | 'workload' | 'amount' | 'requests' | 'ttft' | 'tpot';

const fields = new Map<string, PlanField>([
  ['model', 'model'],
  ['config', 'config'],
  ['hardware', 'hardware'],
  ['workload', 'workload'],
  ['concurrency', 'amount'],
  ['rate', 'amount'],
  ['requests', 'requests'],
  ['slo_ttft_ms', 'ttft'],
  ['slo_tpot_ms', 'tpot'],
]);

// The field that a refusal is about, by its `param`; null: none that is shown.
export function fieldOf(param: string | null): PlanField | null {
  return fields.get((param ?? '').split(/[.[]/)[0] ?? '') ?? null;
}

// What no number can be read of is told here: JSON would make null of it.
export function unreadable(form: PlanForm): PlanField | null {
  const bad = (text: string) => text.trim() !== '' && !Number.isFinite(Number(text));
  if (form.load !== 'workload' && (form.amount.trim() === '' || bad(form.amount))) return 'amount';
  if (bad(form.requests)) return 'requests';
  if (bad(form.ttft)) return 'ttft';
  return bad(form.tpot) ? 'tpot' : null;
}
