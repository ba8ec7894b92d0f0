// Components as markup: what they say, and that nothing a server or a model says becomes markup.
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';

import { instanceStates, type Fit, type Progress } from '../api/client';
import { createFormatter } from '../lib/format';
import { translator } from '../i18n/translate';
import { EvidenceLine, ParameterTable, WhyList, parameterRows } from './EngineSummary';
import { barSegments, MemoryBar, MemoryTerms, termName } from './MemoryBar';
import { PhaseBadge } from './PhaseBadge';
import { ProgressLine, progressDetails } from './ProgressLine';

const t = translator('en');
const format = createFormatter('en', t);
const gib = 1024 ** 3;

function fit(available: number): Fit {
  return {
    fits: available >= 10 * gib,
    needed_bytes: 10 * gib,
    available_bytes: available,
    worker: 'worker-1',
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

describe('ParameterTable', () => {
  const engine = {
    engine: 'native',
    version: '1',
    requested: { threads: 8, context: 4096 },
    resolved: { threads: 8, context: 2048, page_size: 16 },
  };

  it('marks what the engine changed', () => {
    expect(parameterRows(engine)).toEqual([
      { name: 'context', asked: 4096, runs: 2048, changed: true },
      { name: 'page_size', asked: undefined, runs: 16, changed: false },
      { name: 'threads', asked: 8, runs: 8, changed: false },
    ]);
    const markup = renderToStaticMarkup(<ParameterTable engine={engine} />);
    expect(markup.match(/changed by the engine/g)).toHaveLength(1);
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
    expect(progressDetails({ ...progress, bytes_per_second: 0 }, t, format)).toHaveLength(1);
    expect(renderToStaticMarkup(<ProgressLine progress={{ ...progress, phase: '' }} />)).toBe('');
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
    const engine = { engine: '', version: '', requested: { [bad]: bad }, resolved: {} };
    const markup = renderToStaticMarkup(
      <>
        <WhyList why={[bad]} />
        <EvidenceLine evidence={{ kind: 'measured', summary: bad, source: bad }} />
        <ParameterTable engine={engine} />
      </>,
    );
    expect(markup).not.toContain('<img');
    expect(markup.match(/&lt;img/g)).toHaveLength(5);
  });
});
