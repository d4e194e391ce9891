/** Memory of a recording: blocks of the wasm heap, reused in program order and given back all at once. */

/** Sizes are whole multiples of this many bytes. */
const unit = 64;
/** A block may be this many times larger than what is asked for. */
const slack = 4;

export class Blocks {
  /** Blocks taken meanwhile serve nothing else, before or after. */
  pinning = false;
  private readonly sizes = new Map<number, number>();
  private readonly pinned = new Set<number>();
  /** Free blocks by size, the one released last on top. */
  private readonly free = new Map<number, number[]>();

  constructor(
    private readonly malloc: (bytes: number) => number,
    private readonly giveBack: (address: number) => void,
  ) {}

  /** @returns the address of a block of at least so many bytes @throws if the heap is full */
  take(bytes: number): number {
    const size = unit * Math.max(1, Math.ceil(bytes / unit));
    if (!this.pinning) return this.reuse(size) ?? this.make(size);
    const address = this.make(size);
    this.pinned.add(address);
    return address;
  }

  /** The block's values are no longer needed; later ones may take its place. */
  release(address: number): void {
    const size = this.sizes.get(address);
    if (size === undefined || this.pinned.has(address)) return;
    const list = this.free.get(size);
    if (list) list.push(address);
    else this.free.set(size, [address]);
  }

  /** The block is someone else's from now on. */
  giveAway(address: number): void {
    this.sizes.delete(address);
  }

  /** Bytes of all blocks. */
  get bytes(): number {
    return [...this.sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  dispose(): void {
    for (const address of this.sizes.keys()) this.giveBack(address);
    this.sizes.clear();
    this.pinned.clear();
    this.free.clear();
  }

  private reuse(size: number): number | undefined {
    const exact = this.free.get(size)?.pop();
    if (exact !== undefined) return exact;
    let best: number | undefined;
    for (const [candidate, list] of this.free)
      if (list.length > 0 && candidate >= size && candidate <= slack * size && candidate < (best ?? Infinity))
        best = candidate;
    return best === undefined ? undefined : this.free.get(best)!.pop();
  }

  private make(size: number): number {
    const address = this.malloc(size) >>> 0;
    if (address === 0) throw new Error(`WebAssembly has no memory left for ${size} bytes.`);
    this.sizes.set(address, size);
    return address;
  }
}
