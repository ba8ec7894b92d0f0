import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Poller, type Polled } from './poller';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watch(load: (signal: AbortSignal) => Promise<number>) {
  const seen: Polled<number>[] = [];
  return { seen, poller: new Poller(load, 1000, (state) => seen.push(state), 5000) };
}

describe('Poller', () => {
  it('loads at once and every interval while visible', async () => {
    let count = 0;
    const { seen, poller } = watch(async () => ++count);
    poller.setVisible(true);
    await vi.advanceTimersByTimeAsync(2500);
    expect(seen.map((state) => state.data)).toEqual([1, 2, 3]);
    poller.setVisible(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(count).toBe(3);
    poller.setVisible(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(count).toBe(4);
  });

  it('keeps the last data when a load fails', async () => {
    let count = 0;
    const { seen, poller } = watch(async () => {
      if (++count === 2) throw new Error('down');
      return count;
    });
    poller.setVisible(true);
    await vi.advanceTimersByTimeAsync(2500);
    expect(seen.map((state) => [state.data, state.error === undefined])).toEqual([
      [1, true],
      [1, false],
      [3, true],
    ]);
  });

  it('drops an answer that a refresh has overtaken', async () => {
    const answers: ((value: number) => void)[] = [];
    const signals: AbortSignal[] = [];
    const { seen, poller } = watch((signal) => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    });
    poller.setVisible(true);
    poller.refresh();
    answers[1]?.(2);
    await vi.advanceTimersByTimeAsync(0);
    answers[0]?.(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(signals[0]?.aborted).toBe(true);
    expect(seen.map((state) => state.data)).toEqual([2]);
  });

  it('gives up on an answer that does not come', async () => {
    const { seen, poller } = watch(
      (signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    );
    poller.setVisible(true);
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.error).toBeInstanceOf(Error);
  });

  it('does nothing while hidden', async () => {
    const load = vi.fn(async () => 1);
    watch(load).poller.refresh();
    await vi.advanceTimersByTimeAsync(5000);
    expect(load).not.toHaveBeenCalled();
  });
});
