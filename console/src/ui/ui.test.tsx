// Components as markup: what they say, and that nothing a server or a model says becomes markup.
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';

import {
  instanceStates,
  type ConfigurationRow,
  type EngineConfig,
  type Fit,
  type Progress,
} from '../api/client';
import { createFormatter } from '../lib/format';
import { translator } from '../i18n/translate';
import { ConfigurationTable, EffectiveList, isRewritten } from './ConfigurationTable';
import { AskedWords, CommandLine, EvidenceLine, WhyList, runsText } from './EngineSummary';
import { Field } from './Field';
import { barSegments, MemoryBar, MemoryTerms, termName } from './MemoryBar';
import { PhaseBadge } from './PhaseBadge';
import { ProgressLine, progressDetails, stepName, stepText } from './ProgressLine';

const t = translator('en');
const format = createFormatter('en', t);
const gib = 1024 ** 3;

function fit(available: number): Fit {
  return {
    fits: available >= 10 * gib,
    needed_bytes: 10 * gib,
    available_bytes: available,
    worker: 'worker-1',
    virtual: false,
    terms: [
      { name: 'weights', bytes: 8 * gib },
      { name: 'made_up_term', bytes: 2 * gib },
    ],
    message: '',
  };
}

describe('MemoryBar', () => {
  it('is as long as what is there', () => {
    const { segments, limit } = barSegments(fit(20 * gib));
    expect(segments.map(({ start, width }) => [start, width])).toEqual([
      [0, 40],
      [40, 10],
    ]);
    expect(limit).toBe(100);
  });

  it('is as long as what is needed when that is more', () => {
    const { segments, limit } = barSegments(fit(5 * gib));
    expect(segments.map(({ start, width }) => [start, width])).toEqual([
      [0, 80],
      [80, 20],
    ]);
    expect(limit).toBe(50);
    expect(renderToStaticMarkup(<MemoryBar fit={fit(5 * gib)} />)).toContain('memory-limit');
  });

  it('survives a model without numbers', () => {
    const nothing: Fit = { ...fit(0), needed_bytes: 0, terms: [] };
    expect(barSegments(nothing)).toEqual({ segments: [], limit: 0 });
  });

  it('shows the sum, and terms that it does not know by their name', () => {
    const markup = renderToStaticMarkup(<MemoryTerms fit={fit(20 * gib)} />);
    for (const text of ['weights', 'made up term', '8 GiB', '10 GiB', '20 GiB', 'left over'])
      expect(markup).toContain(text);
    expect(termName('constructor', t)).toBe('constructor');
  });
});

const row = (fields: Partial<ConfigurationRow>): ConfigurationRow => ({
  name: 'max_model_len',
  requested: '',
  resolved: '2048',
  effective: '',
  differs: false,
  ...fields,
});

const custom: EngineConfig = {
  engine: 'vllm',
  version: '0.13.0',
  requested: {},
  arguments: ['--max-model-len', '2048', '--name', "it's"],
  environment: { VLLM_CPU_KVCACHE_SPACE: '2' },
  resolved: {},
};

describe('ConfigurationTable', () => {
  it('marks in words what was decided otherwise', () => {
    const rows = [row({ requested: '4096' }), row({ name: 'dtype', requested: 'float32' })];
    expect(rows.map(isRewritten)).toEqual([true, true]);
    expect(isRewritten(row({ requested: '2048' }))).toBe(false);
    expect(isRewritten(row({}))).toBe(false);
    const markup = renderToStaticMarkup(<ConfigurationTable rows={rows} shows="plan" />);
    expect(markup.match(/≠ changed by the engine/g)).toHaveLength(2);
    expect(markup).not.toContain('Runs with');
  });

  it('marks in words what runs otherwise', () => {
    const rows = [
      row({ effective: '2048' }),
      row({ name: 'dtype', effective: 'bfloat16', differs: true }),
      row({ name: 'silent' }),
    ];
    const markup = renderToStaticMarkup(<ConfigurationTable rows={rows} shows="running" />);
    expect(markup.match(/≠ not as resolved/g)).toHaveLength(1);
    expect(markup.match(/is-different/g)).toHaveLength(1);
    expect(markup).toContain('Runs with');
  });

  it('says that there is nothing to say', () => {
    const markup = renderToStaticMarkup(<ConfigurationTable rows={[]} shows="plan" />);
    expect(markup).toContain('No parameters');
  });
});

describe('an engine with a command line of its own', () => {
  it('is told of in its own words', () => {
    const markup = renderToStaticMarkup(<AskedWords engine={custom} />);
    expect(markup).toContain('--max-model-len 2048 --name');
    expect(markup).toContain('VLLM_CPU_KVCACHE_SPACE=2');
    expect(renderToStaticMarkup(<AskedWords engine={{ ...custom, arguments: [], environment: {} }} />)).toBe('');
  });

  it('has no profile', () => {
    expect(runsText(custom, 'custom', t)).toBe('Runs vllm 0.13.0 as it was asked for');
    expect(runsText(custom, 'cpu', t)).toBe('Runs vllm 0.13.0 with profile cpu');
  });
});

describe('Field', () => {
  const field = (problem?: string) =>
    renderToStaticMarkup(
      <Field id="a" label="A" hint="what it is" problem={problem}>
        {(described) => <input {...described} />}
      </Field>,
    );

  it('ties label, hint and problem to the control', () => {
    expect(field()).toContain('<input id="a" aria-describedby="a-hint" aria-invalid="false"/>');
    expect(field('bad')).toContain('aria-describedby="a-problem a-hint" aria-invalid="true"');
    expect(field('bad')).toContain('role="alert"');
  });
});

describe('ProgressLine', () => {
  const progress: Progress = {
    phase: 'downloading',
    fraction: 0.25,
    bytes_done: 25 * 1024 ** 2,
    bytes_total: 100 * 1024 ** 2,
    bytes_per_second: 5 * 1024 ** 2,
  };

  it('says bytes, speed and time left', () => {
    expect(progressDetails(progress, t, format)).toEqual([
      '25 MiB of 100 MiB',
      '5 MiB/s',
      '15 s left',
    ]);
    expect(renderToStaticMarkup(<ProgressLine progress={progress} />)).toContain('25%');
  });

  it('says what it knows', () => {
    const loading = { ...progress, phase: 'loading', bytes_total: 0, bytes_per_second: 0 };
    expect(progressDetails(loading, t, format)).toEqual([]);
    expect(renderToStaticMarkup(<ProgressLine progress={loading} />)).toContain('>Loading 25%<');
    expect(progressDetails({ ...progress, bytes_per_second: 0 }, t, format)).toHaveLength(1);
    expect(renderToStaticMarkup(<ProgressLine progress={{ ...progress, phase: '' }} />)).toBe('');
  });
});

describe('steps', () => {
  const at = (phase: string, fraction: number) => ({ ...stepOf(phase), fraction });

  it.each([
    ['vllm@0.13.0: fetching packages', 0.07, 'vllm@0.13.0: fetching packages 7%'],
    ['converting to safetensors', 0, 'Converting to safetensors'],
    ['allocating the KV cache', 0.6, 'Allocating the KV cache 60%'],
    ['a step of tomorrow', 0.5, 'a step of tomorrow 50%'],
    ['constructor', 0, 'constructor'],
    ['downloading', 0.5, '50%'],
  ])('%s %d', (phase, fraction, text) => expect(stepText(at(phase, fraction), t)).toBe(text));

  it('are in Chinese, too', () => {
    expect(stepName('sglang@0.5.6.post2: checking', translator('zh'))).toBe(
      'sglang@0.5.6.post2: 正在检查',
    );
  });

  it('that have no measure have no number', () => {
    const markup = renderToStaticMarkup(
      <ProgressLine progress={at('converting to safetensors', 0)} />,
    );
    expect(markup).not.toContain('%');
    expect(markup).not.toContain('value=');
  });
});

describe('PhaseBadge', () => {
  it.each([...instanceStates, 'deleting' as const])('%s has a text', (phase) => {
    expect(renderToStaticMarkup(<PhaseBadge phase={phase} />)).toMatch(/>[A-Z][a-z]+</);
  });
});

describe('text from elsewhere', () => {
  it('stays text', () => {
    const bad = '<img src=x onerror=alert(1)>';
    const all = { name: bad, requested: bad, resolved: `${bad}1`, effective: bad, differs: true };
    const markup = renderToStaticMarkup(
      <>
        <WhyList why={[bad]} />
        <EvidenceLine evidence={{ kind: 'measured', summary: bad, source: bad }} />
        <ConfigurationTable rows={[all]} shows="running" />
        <EffectiveList title={bad} effective={{ [bad]: bad }} />
        <AskedWords engine={{ ...custom, arguments: [], environment: { [bad]: bad } }} />
        <CommandLine command={[bad]} />
        <Field id="x" label={bad} hint={bad} problem={bad}>
          {() => null}
        </Field>
        <ProgressLine progress={{ ...stepOf(bad), fraction: 0.5 }} />
      </>,
    );
    expect(markup).not.toContain('<img');
    expect(markup.match(/&lt;img/g)).toHaveLength(18);
  });
});

function stepOf(phase: string): Progress {
  return { phase, fraction: 0, bytes_done: 0, bytes_total: 0, bytes_per_second: 0 };
}
