// The server's API: types after docs/architecture.md ("Platform contracts"), and one client.
//
// Times are RFC 3339 text, '' for never. Every failure is thrown as ApiError (the server answered)
// or as one of the two errors that say that it did not.
import type { Comparison, Job, JobRequest } from './lab';
import { planEventOf, type PlanChoices, type PlanEvent, type PlanRequest } from './plan';
import { readServerSentEvents } from './sse';

export const instanceStates = [
  'PENDING',
  'ANALYZING',
  'SCHEDULED',
  'INITIALIZING',
  'DOWNLOADING',
  'STARTING',
  'RUNNING',
  'DRAINING',
  'STOPPED',
  'ERROR',
  'UNREACHABLE',
] as const;
export type InstanceState = (typeof instanceStates)[number];

export interface Progress {
  phase: string;
  fraction: number;
  bytes_done: number;
  bytes_total: number;
  bytes_per_second: number;
}

export interface Instance {
  id: string;
  deployment: string;
  worker: string;
  generation: number;
  state: InstanceState;
  reason: string;
  pid: number;
  endpoint: string;
  restart_count: number;
  progress: Progress;
  started_at: string;
  ready_at: string;
  effective: Parameters; // what the engine says it runs with; empty until it does
}

export type ParameterValue = boolean | number | string;
export type Parameters = Record<string, ParameterValue>;

export interface EngineConfig {
  engine: string;
  version: string;
  requested: Parameters;
  arguments: string[]; // in the place of `requested` for an engine with its own command line
  environment: Record<string, string>;
  resolved: Parameters;
}

// One parameter: '' where nothing was asked for, decided, or said by the engine.
export interface ConfigurationRow {
  name: string;
  requested: string;
  resolved: string;
  effective: string;
  differs: boolean; // it runs with something else than was resolved
}

// One version of an engine that a deployment may name.
export interface Engine {
  name: string;
  version: string;
  is_built_in: boolean;
  can_be_installed: boolean;
  installed: boolean; // on the server's node
}

export interface Deployment {
  name: string;
  model: string;
  profile: string;
  replicas: number;
  generation: number;
  virtual: boolean; // its engines are simulated
  engine: EngineConfig;
  why: string[];
  created_at: string;
  deleting: boolean;
  phase: InstanceState;
  reason: string;
  ready_replicas: number;
  instances: Instance[];
  configuration: ConfigurationRow[];
}

export interface DeploymentEvent {
  at: string;
  instance_id: string;
  state: InstanceState;
  reason: string;
}

export interface LogChunk {
  instance_id: string;
  text: string;
  next: number;
}

export interface Evidence {
  kind: 'none' | 'predicted' | 'measured';
  summary: string;
  source: string;
  date?: string; // of the measurement or prediction
  engine?: string; // what ran: "sglang@0.5.6.post2"
  figures?: Parameters; // by the names of docs/metrics.md
  flaws?: string[]; // why the figures are worth less than they look
  stale?: string[]; // why they may no longer hold here
}

export interface HardwareMatch {
  device: string;
  models: string[];
  min_devices: number;
  min_device_memory_bytes: number;
}

export interface Profile {
  name: string;
  hardware: HardwareMatch;
  goal: string; // '': any
  workload: string;
  engine: EngineConfig;
  evidence: Evidence;
}

export interface ModelSpec {
  architecture: string;
  num_parameters: number;
  weight_bytes: number;
  context_length: number;
}

export interface MemoryTerm {
  name: string;
  bytes: number;
}

export interface Fit {
  fits: boolean;
  needed_bytes: number;
  available_bytes: number;
  worker: string;
  virtual: boolean; // so is the worker
  terms: MemoryTerm[];
  message: string;
}

export interface Chosen {
  profile: string;
  engine: EngineConfig;
  configuration: ConfigurationRow[];
  command: string[];
  why: string[];
  evidence: Evidence;
}

export interface LibraryModel {
  name: string;
  display_name: string;
  summary: { en: string; zh: string };
  license: string;
  tags: string[];
  spec: ModelSpec;
  cached: boolean;
  download_bytes: number;
  fit: Fit;
  chosen: Chosen | null;
  profiles: Profile[];
  deployments: string[];
}

export interface Gpu {
  name: string;
  memory_total_bytes: number;
  memory_available_bytes: number;
}

export interface Worker {
  id: string;
  name: string;
  virtual: boolean; // its devices are not there
  device: string;
  device_model: string;
  num_devices: number;
  memory_total_bytes: number;
  memory_available_bytes: number;
  cpu: { model: string; threads: number };
  gpus: Gpu[];
  isa: string[];
  state: string;
  version: string;
  heartbeat_at: string;
}

export interface DeployRequest {
  model: string;
  name?: string;
  profile?: string;
  goal?: string;
  worker?: string; // id or name of the only one
  engine?: string; // "vllm@0.13.0" in the place of a profile
  arguments?: string[];
  environment?: Record<string, string>;
  replicas?: number;
}

// What a deployment would be: the answer to a dry run.
export interface DryRun {
  profile: string;
  engine: EngineConfig;
  why: string[];
  configuration: ConfigurationRow[];
  fit: Fit;
  command: string[];
}

export interface ChatMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ChatRequest {
  model: string;
  messages: ChatMessage[];
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export type ChatEvent =
  | { type: 'text'; text: string }
  | { type: 'finish'; reason: string }
  | { type: 'usage'; usage: Usage };

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly param: string | null = null,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

// The server did not answer.
export class UnreachableError extends Error {}

// The connection ended in the middle of an answer.
export class BrokenStreamError extends Error {}

export class ApiClient {
  constructor(
    private readonly key: string,
    private readonly onUnauthorized: () => void,
  ) {}

  version(signal?: AbortSignal) {
    return this.get<{ version: string }>('/api/v1/version', signal);
  }

  models(signal?: AbortSignal) {
    return this.items<LibraryModel>('/api/v1/models', signal);
  }

  engines(signal?: AbortSignal) {
    return this.items<Engine>('/api/v1/engines', signal);
  }

  workers(signal?: AbortSignal) {
    return this.items<Worker>('/api/v1/workers', signal);
  }

  deployments(signal?: AbortSignal) {
    return this.items<Deployment>('/api/v1/deployments', signal);
  }

  deployment(name: string, signal?: AbortSignal) {
    return this.get<Deployment>(deploymentPath(name), signal);
  }

  deploy(request: DeployRequest) {
    return this.send<Deployment>('POST', '/api/v1/deployments', request);
  }

  dryRun(request: DeployRequest, signal: AbortSignal) {
    const body = { ...request, dry_run: true };
    return this.send<DryRun>('POST', '/api/v1/deployments', body, signal);
  }

  scale(name: string, replicas: number) {
    return this.send<Deployment>('PATCH', deploymentPath(name), { replicas });
  }

  async remove(name: string): Promise<void> {
    await this.request('DELETE', deploymentPath(name));
  }

  events(name: string, signal?: AbortSignal) {
    return this.items<DeploymentEvent>(`${deploymentPath(name)}/events`, signal);
  }

  // `after` is a byte offset; -1 asks for the end of the log.
  logs(name: string, instance: string, after: number, maxBytes: number, signal?: AbortSignal) {
    const query = new URLSearchParams({
      instance,
      after: String(after),
      max_bytes: String(maxBytes),
    });
    return this.get<LogChunk>(`${deploymentPath(name)}/logs?${query}`, signal);
  }

  // Aborting the signal closes the connection, which stops the generation.
  async *chat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    const body = { ...request, stream: true, stream_options: { include_usage: true } };
    const response = await this.request('POST', '/v1/chat/completions', body, signal);
    if (!response.body) return;
    for await (const event of orBroken(readServerSentEvents(response.body))) {
      if (event.event !== '' && event.event !== 'message') continue;
      if (event.data === '[DONE]') return;
      yield* chatEventsOf(event.data);
    }
    throw new BrokenStreamError('the stream ended without [DONE]');
  }

  planChoices(signal?: AbortSignal) {
    return this.get<PlanChoices>('/api/v1/plan', signal);
  }

  // Aborting the signal closes the connection, which ends the search.
  async *plan(request: PlanRequest, signal: AbortSignal): AsyncGenerator<PlanEvent> {
    const body = { ...request, stream: true };
    const response = await this.request('POST', '/api/v1/plan', body, signal);
    if (!response.body) return;
    for await (const { event, data } of orBroken(readServerSentEvents(response.body))) {
      const known = planEventOf(event, data);
      if (known) yield known;
      if (known?.type === 'plan') return;
    }
    throw new BrokenStreamError('the stream ended without a plan');
  }

  labJobs(signal?: AbortSignal) {
    return this.items<Job>('/api/v1/lab/jobs', signal);
  }

  labJob(id: string, signal?: AbortSignal) {
    return this.get<Job>(jobPath(id), signal);
  }

  startJob(request: JobRequest) {
    return this.send<Job>('POST', '/api/v1/lab/jobs', request);
  }

  stopJob(id: string) {
    return this.send<Job>('POST', `${jobPath(id)}/stop`, undefined);
  }

  resumeJob(id: string) {
    return this.send<Job>('POST', `${jobPath(id)}/resume`, undefined);
  }

  async removeJob(id: string): Promise<void> {
    await this.request('DELETE', jobPath(id));
  }

  labResult<T>(id: string, signal?: AbortSignal) {
    return this.get<T>(`${jobPath(id)}/result`, signal);
  }

  async labReport(id: string): Promise<Blob> {
    return (await this.request('GET', `${jobPath(id)}/report`)).blob();
  }

  compareJobs(a: string, b: string, signal?: AbortSignal) {
    const query = new URLSearchParams({ with: b });
    return this.get<Comparison>(`${jobPath(a)}/comparison?${query}`, signal);
  }

  publishProfile(report: string, name: string) {
    const body = { report, ...(name !== '' && { name }) };
    return this.send<{ model?: string; name?: string }>('POST', '/api/v1/profiles', body);
  }

  private async items<T>(path: string, signal?: AbortSignal): Promise<T[]> {
    return (await this.get<{ items: T[] }>(path, signal)).items;
  }

  private async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.json<T>(await this.request('GET', path, undefined, signal));
  }

  private async send<T>(
    method: string,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<T> {
    return this.json<T>(await this.request(method, path, body, signal));
  }

  private async json<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw isAbort(error) ? error : new UnreachableError(String(error));
    }
  }

  private async request(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    const headers: Record<string, string> = { Authorization: `Bearer ${this.key}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    const response = await fetchOrThrow(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'omit',
      cache: 'no-store',
    });
    if (response.ok) return response;
    if (response.status === 401) this.onUnauthorized();
    throw await errorOf(response);
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function jobPath(id: string): string {
  return `/api/v1/lab/jobs/${encodeURIComponent(id)}`;
}

function deploymentPath(name: string): string {
  return `/api/v1/deployments/${encodeURIComponent(name)}`;
}

async function fetchOrThrow(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (error) {
    throw isAbort(error) ? error : new UnreachableError(String(error));
  }
}

async function* orBroken<T>(stream: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    throw isAbort(error) ? error : new BrokenStreamError(String(error));
  }
}

interface ErrorBody {
  error?: { message?: string; param?: string | null; code?: string | null } | null;
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  return toApiError(response.status, body, `HTTP ${response.status} ${response.statusText}`);
}

function toApiError(status: number, body: ErrorBody, fallback: string): ApiError {
  const error = body.error;
  return new ApiError(status, error?.message || fallback, error?.param, error?.code);
}

interface ChatChunk extends ErrorBody {
  choices?: { delta?: { content?: string | null }; finish_reason?: string | null }[];
  usage?: Usage | null;
}

// What one `data:` of a chat stream says. Fields this client does not know are passed over.
export function* chatEventsOf(data: string): Generator<ChatEvent> {
  let chunk: ChatChunk;
  try {
    chunk = JSON.parse(data) as ChatChunk;
  } catch {
    throw new ApiError(0, `the server sent something that is not JSON: ${data.slice(0, 200)}`);
  }
  if (chunk === null || typeof chunk !== 'object') return;
  if (chunk.error) throw toApiError(0, chunk, 'the engine reported an error');
  const choice = chunk.choices?.[0];
  if (choice?.delta?.content) yield { type: 'text', text: choice.delta.content };
  if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason };
  if (chunk.usage) yield { type: 'usage', usage: chunk.usage };
}
