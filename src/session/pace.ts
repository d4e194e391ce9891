/** Timing of the session: the time of a step, and jobs that run often but never take more than a share of the time. */

/** Steps are timed together for so long: a step may be shorter than a tick of the clock, 1 ms on a page that is not isolated. */
const blockMs = 40;

/** The time of one step: the median of the last blocks of steps, each of which took 40 ms or more. */
export class StepTime {
  private readonly blocks: number[] = [];
  private next = 0;
  private open = { ms: 0, steps: 0 };

  /** @param size blocks that count */
  constructor(private readonly size: number) {}

  /** @param ms that so many steps took, as far as the clock saw it */
  add(ms: number, steps = 1): void {
    const { open } = this;
    open.ms += ms;
    open.steps += steps;
    if (open.ms < blockMs) return;
    this.blocks[this.next] = open.ms / open.steps;
    this.next = (this.next + 1) % this.size;
    this.open = { ms: 0, steps: 0 };
  }

  clear(): void {
    this.blocks.length = 0;
    this.next = 0;
    this.open = { ms: 0, steps: 0 };
  }

  /** In ms; of fewer steps than a block if there are no more, and 0 before the first. */
  get value(): number {
    const { blocks, open } = this;
    if (blocks.length === 0) return open.ms / Math.max(1, open.steps);
    const sorted = blocks.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
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
