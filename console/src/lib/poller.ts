// Loads something again and again, while somebody looks at it.

export interface Polled<T> {
  data: T | undefined; // the last good answer
  error: unknown; // of the last try; undefined when it went well
}

export class Poller<T> {
  private state: Polled<T> = { data: undefined, error: undefined };
  private running: AbortController | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private visible = false;

  constructor(
    private readonly load: (signal: AbortSignal) => Promise<T>,
    private readonly intervalMs: number,
    private readonly onChange: (state: Polled<T>) => void,
    private readonly timeoutMs = 15_000,
  ) {}

  // Shown: loads now and then every interval. Hidden: stops, whatever is under way included.
  setVisible(visible: boolean): void {
    if (visible === this.visible) return;
    this.visible = visible;
    if (visible) this.refresh();
    else this.cancel();
  }

  // Loads now; an answer still under way is dropped, for it may be older than what was just done.
  refresh(): void {
    if (!this.visible) return;
    this.cancel();
    void this.run();
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = undefined;
  }

  private async run(): Promise<void> {
    const controller = new AbortController();
    this.running = controller;
    const next = await this.attempt(controller);
    if (this.running !== controller) return;
    this.running = undefined;
    this.state = next;
    this.onChange(next);
    this.timer = setTimeout(() => void this.run(), this.intervalMs);
  }

  private async attempt(controller: AbortController): Promise<Polled<T>> {
    const timeout = setTimeout(() => controller.abort(), this.timeoutMs);
    try {
      return { data: await this.load(controller.signal), error: undefined };
    } catch (error) {
      return { data: this.state.data, error };
    } finally {
      clearTimeout(timeout);
    }
  }
}
