/** Timing of the session: medians of step times, and jobs that run often but never take more than a share of the time. */

/** Median of the last values, for step times. */
export class Median {
  private readonly values: number[] = [];
  private next = 0;

  constructor(private readonly size: number) {}

  add(value: number): void {
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.size;
  }

  /** 0 before the first value. */
  get value(): number {
    const sorted = this.values.toSorted((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1
      ? sorted[middle]!
      : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  }

  clear(): void {
    this.values.length = 0;
    this.next = 0;
  }
}

/** A repeated job: due after `everyMs`, or later if it is so costly that it would take more than `share` of the time. */
export class Job {
  private last = Number.NEGATIVE_INFINITY;
  private cost = 0;

  constructor(
    private readonly everyMs: number,
    private readonly share: number,
    private readonly work: () => Promise<void> | void,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get due(): boolean {
    return this.now() - this.last >= Math.max(this.everyMs, this.cost / this.share);
  }

  /** Lets it wait as if it had been done just now, at this cost in ms. */
  postpone(cost = this.cost): void {
    this.cost = cost;
    this.last = this.now();
  }

  async run(): Promise<void> {
    const start = this.now();
    await this.work();
    this.last = this.now();
    this.cost = this.last - start;
  }

  async runIfDue(): Promise<void> {
    if (this.due) await this.run();
  }
}
