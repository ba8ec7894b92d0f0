// Nouns as the management API tells them (docs/architecture.md), with names made up for the tests.
const gib = 1024 ** 3;
const mib = 1024 ** 2;

export function worker(fields = {}) {
  return {
    id: 'worker-1',
    name: 'bench-7',
    virtual: false,
    device: 'cpu',
    device_model: 'Example CPU 9000',
    num_devices: 16,
    memory_total_bytes: 31.2 * gib,
    memory_available_bytes: 22.1 * gib,
    cpu: { model: 'Example CPU 9000', sockets: 1, cores: 8, threads: 16, numa_nodes: 1 },
    gpus: [],
    device_problems: [],
    isa: ['avx2', 'avx512'],
    state: 'READY',
    version: '0.1.0',
    heartbeat_at: '2026-01-02T03:04:05.000Z',
    ...fields,
  };
}

export function engine(fields = {}) {
  return {
    engine: 'native',
    version: '0.1.0',
    requested: { context_length: 8192, max_running_requests: 16 },
    arguments: [],
    environment: {},
    resolved: { context_length: 8192, max_running_requests: 12, page_size: 16, threads: 16 },
    ...fields,
  };
}

// What the server makes of it: a row per parameter.
export function configuration({ requested, resolved }, effective = {}) {
  const text = (value) => (value === undefined ? '' : String(value));
  return [...new Set([...Object.keys(requested), ...Object.keys(resolved)])].sort().map((name) => ({
    name,
    requested: text(requested[name]),
    resolved: text(resolved[name]),
    effective: text(effective[name]),
    differs: name in effective && text(effective[name]) !== text(resolved[name]),
  }));
}

export function engines() {
  const other = { is_built_in: false, can_be_installed: true, installed: false };
  return [
    { name: 'native', version: '0.1.0', ...other, is_built_in: true, installed: true },
    { name: 'vllm', version: '0.13.0', ...other, installed: true },
    { name: 'vllm', version: '0.32.0', ...other },
    { name: 'llama_cpp', version: '11434', ...other, can_be_installed: false },
  ];
}

export function vllm(fields = {}) {
  return engine({
    engine: 'vllm',
    version: '0.13.0',
    requested: {},
    arguments: ['--max-model-len', '2048'],
    environment: { VLLM_CPU_KVCACHE_SPACE: '2' },
    resolved: { VLLM_CPU_KVCACHE_SPACE: 2, dtype: 'float32', max_model_len: 2048 },
    ...fields,
  });
}

export function fit(fields = {}) {
  const terms = fields.terms ?? [
    { name: 'weights', bytes: 88 * mib },
    { name: 'kv_cache', bytes: 300 * mib },
    { name: 'activations', bytes: 24 * mib },
  ];
  return {
    fits: true,
    needed_bytes: terms.reduce((sum, term) => sum + term.bytes, 0),
    available_bytes: 22.1 * gib,
    worker: 'worker-1',
    virtual: false,
    message: 'needs 0.4 GiB of 22.1 GiB',
    ...fields,
    terms,
  };
}

export function profile(fields = {}) {
  return {
    name: 'cpu-default',
    hardware: { device: 'cpu', models: [], min_devices: 1, min_device_memory_bytes: 0 },
    goal: '',
    workload: 'any',
    engine: engine({ resolved: {} }),
    evidence: { kind: 'measured', summary: '212 tokens/s ± 3 at 16 users', source: 'run-20260102' },
    ...fields,
  };
}

export function model(fields = {}) {
  return {
    name: 'tiny-chat',
    display_name: 'Tiny Chat 135M',
    summary: { en: 'A small model that answers at once.', zh: '一个回答很快的小模型。' },
    license: 'Apache-2.0',
    tags: ['chat'],
    spec: {
      architecture: 'llama',
      num_parameters: 134_515_008,
      weight_bytes: 92_000_000,
      context_length: 8192,
    },
    cached: false,
    download_bytes: 92_000_000,
    fit: fit(),
    chosen: {
      profile: 'cpu-default',
      engine: engine(),
      configuration: configuration(engine()),
      command: ['redline', 'serve', '--model', 'a path/tiny.gguf', '--threads', '16'],
      why: ['AVX-512 is there, so the 8-bit kernels run.', 'One replica uses all 16 threads.'],
      evidence: profile().evidence,
    },
    profiles: [profile()],
    deployments: [],
    ...fields,
  };
}

export function hugeModel() {
  return model({
    name: 'huge-moe',
    display_name: 'Huge MoE 671B',
    summary: { en: 'A mixture of experts for eight GPUs.', zh: '需要八块 GPU 的混合专家模型。' },
    license: 'MIT',
    tags: ['chat', 'moe'],
    spec: {
      architecture: 'deepseek_v32',
      num_parameters: 671e9,
      weight_bytes: 640 * gib,
      context_length: 163_840,
    },
    download_bytes: 640 * gib,
    fit: fit({
      fits: false,
      message: 'needs 656 GiB, bench-7 has 22.1 GiB; profile h200x8 is for 8 x nvidia H200',
      terms: [
        { name: 'weights', bytes: 640 * gib },
        { name: 'kv_cache', bytes: 12 * gib },
        { name: 'activations', bytes: 4 * gib },
      ],
    }),
    chosen: null,
    profiles: [
      profile({
        name: 'h200x8',
        hardware: {
          device: 'nvidia',
          models: ['H200'],
          min_devices: 8,
          min_device_memory_bytes: 130 * gib,
        },
        evidence: { kind: 'predicted', summary: '9000 tokens/s', source: '' },
      }),
    ],
  });
}

export const noProgress = {
  phase: '',
  fraction: 0,
  bytes_done: 0,
  bytes_total: 0,
  bytes_per_second: 0,
};

export function instance(fields = {}) {
  return {
    id: 'inst-0001',
    deployment: 'tiny-chat',
    worker: 'worker-1',
    generation: 1,
    state: 'RUNNING',
    reason: '',
    pid: 4242,
    endpoint: 'unix:/run/inst-0001.sock',
    restart_count: 0,
    progress: noProgress,
    started_at: new Date(Date.now() - 200_000).toISOString(),
    ready_at: new Date(Date.now() - 192_000).toISOString(),
    effective: {},
    ...fields,
  };
}

export function deployment(fields = {}) {
  const instances = fields.instances ?? [instance({ deployment: fields.name ?? 'tiny-chat' })];
  return {
    name: 'tiny-chat',
    model: 'tiny-chat',
    profile: 'cpu-default',
    replicas: 1,
    generation: 1,
    virtual: false,
    engine: engine(),
    why: ['AVX-512 is there, so the 8-bit kernels run.'],
    created_at: '2026-01-02T03:04:05.000Z',
    deleting: false,
    phase: 'RUNNING',
    reason: '',
    ready_replicas: instances.filter((each) => each.state === 'RUNNING').length,
    configuration: configuration(fields.engine ?? engine(), instances[0]?.effective),
    ...fields,
    instances,
  };
}

export function downloading(fields = {}) {
  return deployment({
    phase: 'DOWNLOADING',
    instances: [
      instance({
        state: 'DOWNLOADING',
        pid: 0,
        ready_at: '',
        progress: {
          phase: 'downloading',
          fraction: 0.25,
          bytes_done: 25 * mib,
          bytes_total: 100 * mib,
          bytes_per_second: 5 * mib,
        },
      }),
    ],
    ...fields,
  });
}

export function installing(fields = {}) {
  const progress = { ...noProgress, phase: 'vllm@0.13.0: installing packages', fraction: 0.515 };
  return deployment({
    phase: 'INITIALIZING',
    profile: 'custom',
    engine: vllm(),
    instances: [instance({ state: 'INITIALIZING', pid: 0, ready_at: '', progress })],
    ...fields,
  });
}

// It runs, and says with what.
export function onVllm({ effective, ...fields } = {}) {
  const asked = vllm({ requested: { max_model_len: 2048, VLLM_CPU_KVCACHE_SPACE: 2 } });
  const told = effective ?? { dtype: 'bfloat16', max_model_len: 2048, block_size: 128 };
  return deployment({
    name: 'on-vllm',
    profile: 'custom',
    engine: vllm(),
    configuration: configuration(asked, told),
    why: ['Engine vllm@0.13.0: asked for.'],
    instances: [instance({ id: 'inst-0042', deployment: 'on-vllm', effective: told })],
    ...fields,
  });
}

export function failed(fields = {}) {
  const reason = 'the engine exited with status 137 (killed); next try in 8 s';
  return deployment({
    name: 'broken',
    phase: 'ERROR',
    reason,
    instances: [
      instance({ id: 'inst-0009', state: 'ERROR', reason, pid: 0, restart_count: 3, ready_at: '' }),
    ],
    ...fields,
  });
}

// ---- plans

export function planChoices() {
  return {
    models: [
      { name: 'Org/Huge-MoE', display_name: 'Huge MoE 671B', library: 'huge-moe' },
      { name: 'Org/Unlisted', display_name: 'Unlisted', library: '' },
    ],
    hardware: [
      { name: 'H100', vendor: 'nvidia', devices_per_node: 8, memory_bytes: 80 * gib },
      { name: 'H200', vendor: 'nvidia', devices_per_node: 8, memory_bytes: 140 * gib },
    ],
    workloads: [
      { name: 'sharegpt', description: 'conversations', num_requests: 1000 },
      { name: 'short', description: 'short ones', num_requests: 5000 },
    ],
    engines: ['sglang@0.5.6.post2', 'tensorrt_llm@1.2.0rc5', 'vllm@0.13.0'],
    goals: ['throughput', 'latency', 'cost'],
  };
}

const banded = (value, width = 1.3) => ({ value, low: value / width, high: value * width });

function outcome(tps, tpot) {
  return {
    total_tps: banded(tps),
    mean_ttft_ms: banded(120_000 / tpot),
    mean_tpot_ms: banded(tpot),
    slo_share: 0.987,
    keeps_slo: true,
    duration_s: 400_000 / tps,
    gpus: 8,
    usd_per_million_tokens: 5000 / tps,
  };
}

function ranked(place, tps, tpot) {
  const words = ['--tp-size', '8', '--max-running-requests', String(16 * place)];
  return {
    engine: 'sglang@0.5.6.post2',
    configuration: `tp 8, attention dp 8, ep 8, running requests ${16 * place}, speculation 2 drafts`,
    arguments: words,
    command: ['python3', '-m', 'sglang.launch_server', '--model-path', 'Org/Huge-MoE', ...words],
    prediction: outcome(tps, tpot),
  };
}

export function plan(fields = {}) {
  const ranking = Array.from({ length: 12 }, (_, index) =>
    ranked(index + 1, 15_908 - 310 * index, 70 + 3 * (index % 4)),
  );
  const [best] = ranking;
  const frontier = [
    [1789, 17.3],
    [3402, 26.6],
    [5630, 40.3],
    [8406, 54.2],
  ].map(([tps, tpot], index) => ranked(index + 20, tps, tpot));
  const seconds = (scale) => ({ attention: 7 * scale, experts: 13, communication: 3, waiting: 0.01 });
  return {
    model: 'Org/Huge-MoE',
    hardware: 'H200x8',
    workload: { name: 'sharegpt', slo_classes: [] },
    goal: 'throughput',
    winner: {
      engine: best.engine,
      arguments: best.arguments,
      environment: {},
      command: best.command,
      prediction: best.prediction,
      ledger: {
        bytes: { weights: 92 * gib, kv_cache: 37 * gib, reserved: 11 * gib },
        total_bytes: 140 * gib,
        kv_tokens: 4_090_280,
        kv_tokens_per_rank: 511_285,
        kv_bytes_per_token: 78_324,
      },
      seconds: seconds(1),
      flags: [
        { words: ['--tp-size', '8'], no_effect: false },
        { words: ['--max-running-requests', '16'], no_effect: true },
      ],
      is_calibrated: true,
      notes: ['sparse prefill 1.26 times the kernels of 0.5.14'],
    },
    ranking,
    frontier: [...frontier, best],
    explanation: {
      baseline: {
        engine: 'vllm@0.13.0',
        configuration: 'tp 8',
        prediction: outcome(5445, 207),
        seconds: seconds(5),
      },
      gain: banded(2.92, 1.5),
      steps: [
        {
          change: 'engine: vllm@0.13.0 -> sglang@0.5.6.post2 (tp 8)',
          words: [],
          gain: 1.65,
          before: outcome(5445, 207),
          after: outcome(9001, 118),
          seconds_removed: { attention: 23.4, experts: -0.8, waiting: 0 },
        },
        {
          change: 'layout: tp 8 -> tp 8, attention dp 8, ep 8',
          words: ['--dp-size', '8', '--enable-dp-attention'],
          gain: 1.77,
          before: outcome(9001, 118),
          after: best.prediction,
          seconds_removed: { attention: 4.6, communication: 1.2, waiting: 0 },
        },
      ],
    },
    search: {
      combinations: 13_184,
      distinct: 4544,
      does_not_run: 192,
      refined: 219,
      seconds: 13.8,
      threads: 2,
    },
    ...fields,
  };
}

export const planProgress = (fields = {}) => ({
  phase: 'simulate',
  done: 500,
  all: 2176,
  fraction: 0.5,
  seconds_left: 6.4,
  ...fields,
});

// ---- the lab

const jobDefaults = {
  state: 'finished',
  error: '',
  virtual: false,
  created_at: '2026-01-02T03:04:05.000Z',
  started_at: '2026-01-02T03:04:05.000Z',
  ended_at: '2026-01-02T03:05:05.000Z',
  figures: {},
  flaws: [],
  has_result: true,
  can_resume: false,
  progress: null,
};

export const benchJob = (fields = {}) => ({
  id: 'lab-bench1',
  ...jobDefaults,
  figures: {
    output_tps: 203.4,
    'output_tps.low': 198.1,
    'output_tps.high': 208.7,
    'ttft_ms.p50': 41,
    'ttft_ms.p99': 1240,
  },
  request: { kind: 'bench', deployment: 'tiny-chat', workload: 'short', scale: 0.05, repeats: 3 },
  ...fields,
});

const series = [1, 2].flatMap((repeat) =>
  [1, 2, 3, 4].map((second) => ({
    repeat,
    elapsed_seconds: second,
    output_tps: 180 + 10 * second + repeat,
    request_rate: 4,
  })),
);

export const benchProgress = (fields = {}) => ({
  state: 'running',
  phase: '',
  repeat: 2,
  repeats: 3,
  elapsed_seconds: 4,
  repeat_seconds_left: 6.2,
  requests: 50,
  sent: 30,
  done: 25,
  failed: 1,
  output_tps: 222,
  series,
  ...fields,
});

const latency = (mean) => ({ mean, p50: mean, p99: 3 * mean });

export function benchResult() {
  const summary = (tps) => ({ output_tps: tps, total_tps: 6 * tps, request_rate: 4, ttft_ms: latency(41) });
  return {
    ...summary(203.4),
    tpot_ms: latency(12),
    e2e_ms: latency(80),
    valid: true,
    invalid_reasons: [],
    notes: [],
    intervals: { output_tps: { low: 198.1, high: 208.7, confidence: 0.95, method: 't' } },
    repeats: [201, 203, 206.2].map((tps) => ({ summary: summary(tps), invalid_reasons: [] })),
  };
}

export function comparison(fields = {}) {
  const metric = { unit: 'tokens/s', a: 203.4, b: 251, confidence: 0.995, reason: '' };
  return {
    a: 'lab-bench1',
    b: 'lab-bench2',
    metrics: {
      output_tps: { ...metric, verdict: 'faster', ratio: 1.234, low: 1.18, high: 1.29 },
      'ttft_ms.p50': {
        ...metric,
        verdict: 'no difference shown',
        unit: 'ms',
        ratio: 0.99,
        low: 0.9,
        high: 1.08,
        reason: 'these repeats would find 9%',
      },
    },
    notes: ['The repeats were not measured in turns.'],
    differences: [{ field: 'seed', a: '1', b: '2' }],
    ...fields,
  };
}

export const tuneJob = (fields = {}) => ({
  id: 'lab-tune1',
  ...jobDefaults,
  figures: { ratio: 2.82, low: 2.77, high: 2.86 },
  request: { kind: 'tune', model: 'tiny-chat', workload: 'short', scale: 0.05, hardware: '' },
  ...fields,
});

export const tuneProgress = (fields = {}) => ({
  state: 'running',
  phase: 'racing',
  last: 'trial 7: vllm@0.13.0, batched tokens 4096',
  last_step: 'accepted engine: native -> vllm@0.13.0',
  elapsed_seconds: 600,
  most_seconds: 3600,
  trials: 7,
  ...fields,
});

const configurationOf = (engine_, words) => ({
  engine: engine_,
  arguments: words,
  environment: {},
  summary: `${engine_}, ${words.join(' ') || 'its defaults'}`,
  text: words.length === 0 ? engine_ : `${engine_} -- ${words.join(' ')}`,
});

export function tuneResult(fields = {}) {
  const baseline = configurationOf('vllm@0.13.0', []);
  const winner = configurationOf('vllm@0.13.0', ['--max-num-seqs', '64', '--block-size', '16']);
  const step = {
    stage: 'batches',
    accepted: true,
    outcome: 'accepted',
    reason: 'faster: x1.50 (1.40 to 1.60 at 99%, 3 rounds)',
    ratio: 1.5,
    low: 1.4,
    high: 1.6,
    confidence: 0.99,
    predicted_ratio: 1.45,
  };
  const trial = (number, configuration, tps, tpot) => ({
    number,
    configuration,
    fault: 'none',
    reason: '',
    runs: [tps, tps * 1.05].map((total_tps) => ({
      fault: 'none',
      figures: { total_tps, 'tpot_ms.mean': tpot, 'e2e_ms.mean': 100 },
    })),
    forecast: { value: tps * 1.1, low: tps * 0.8, high: tps * 1.4 },
  });
  return {
    model: 'tiny-chat',
    workload: 'short',
    hardware: 'Example CPU 9000',
    virtual: false,
    goal: 'throughput',
    has_winner: true,
    winner,
    baseline,
    ratio: 2.82,
    low: 2.77,
    high: 2.86,
    confidence: 0.95,
    last_comparison: { reason: 'faster: x2.82' },
    trials: 12,
    ended_by: 'nothing promises more than 1%',
    complete: true,
    steps: [
      { ...step, change: 'running requests: default -> 64' },
      { ...step, change: 'block size: default -> 16', ratio: 1.88, low: 1.8, high: 1.96 },
      {
        ...step,
        change: 'KV cache: default -> fp8',
        accepted: false,
        outcome: 'failed',
        reason: 'wrong answers: 3 of 8 differ from the baseline',
        ratio: null,
        low: null,
        high: null,
      },
      {
        ...step,
        change: 'chunk: default -> 4096',
        accepted: false,
        outcome: 'no_difference_shown',
        reason: 'no difference shown: x1.00 (0.97 to 1.03 at 99%, 7 rounds)',
        ratio: 1.0,
        low: 0.97,
        high: 1.03,
      },
    ],
    ties: [configurationOf('vllm@0.13.0', ['--max-num-seqs', '128'])],
    trial_log: [
      trial(1, baseline, 1000, 20),
      trial(2, winner, 2800, 24),
      trial(3, configurationOf('native', []), 700, 12),
      { ...trial(0, configurationOf('llama_cpp', []), 1, 1), runs: [] },
    ],
    command: 'redline tune tiny-chat',
    ...fields,
  };
}
