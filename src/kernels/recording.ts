/**
 * Recording on WebAssembly: what a computation launches is noted once, as (function, arguments), and run again without
 * tfjs's engine. Every tensor made while recording lives in blocks of the recording's own, which are reused in program
 * order and never given back before `dispose`, so that recorded addresses stay good.
 *
 * Recorded are our launches, and tfjs's own kernels as calls whose outputs are handed the tensors made the first time.
 * Whatever the computation takes from JavaScript, such as numbers, shapes and tensors made from arrays, is a constant of
 * the recording; what changes from run to run must lie in tensors that are written in place.
 */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { Blocks } from './blocks';
import { faster } from './faster';
import { fuseLaunches, type Launches } from './fusedLaunches';
import { linkLaunches } from './linkedLaunches';
import { linkForTeam } from './linkedThreads';
import { NotRecordable } from './recorders/recorder';
import type { Program } from './threads';
import {
  address,
  currentKernels,
  currentTeam,
  currentWasmBackend,
  emscripten,
  launchName,
  listenToLaunches,
} from './wasm';

/** The methods of tfjs's backend that a recording stands in for. */
interface Patched {
  move(
    dataId: object,
    values: ArrayBufferView | null,
    shape: number[],
    dtype: string,
    refCount: number,
  ): void;
  disposeData(dataId: object, force?: boolean): boolean;
  incRef(dataId: object): void;
  readSync(dataId: object, from?: number, to?: number): ArrayBufferView;
  makeOutput(shape: number[], dtype: string, address?: number | null, values?: ArrayBufferView): TensorInfo;
}
interface Data {
  id: number;
  memoryOffset: number;
  refCount: number;
}

let active: Recording | undefined;
const watched = new WeakSet<KernelFunc>();

/** Lets the recording in progress, if there is one, see every kernel of tfjs's registry. Calling it again is harmless. */
function watchKernels(): void {
  for (const config of tf.getKernelsForBackend('wasm')) {
    const { kernelFunc } = config;
    if (watched.has(kernelFunc)) continue;
    const { kernelName } = config;
    const watching: KernelFunc = (call) =>
      active ? active.kernel(kernelName, kernelFunc, call) : kernelFunc(call);
    watched.add(watching);
    config.kernelFunc = watching;
  }
}

/** Puts methods of its own in the place of an object's while `compute` runs. */
function patched<T>(target: object, methods: object, compute: () => T): T {
  const before = Object.keys(methods).map(
    (name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const,
  );
  Object.assign(target, methods);
  try {
    return compute();
  } finally {
    for (const [name, own] of before) {
      if (own) Object.defineProperty(target, name, own);
      else delete (target as Record<string, unknown>)[name];
    }
  }
}

/** A list of launches, in segments that are run again one by one. */
export class Recording {
  private readonly blocks: Blocks;
  private readonly segments: Launches[] = [];
  /** What is run of each segment, once a replay was asked for. */
  private linked: (Launches & { run?: () => void })[] | undefined;
  private readonly programs: Program[] = [];
  /** Every tensor's data made while recording, and those of them that outlive it. */
  private readonly made = new Set<object>();
  private readonly held = new Set<object>();
  /** What the kernel in progress has made, while there is one. */
  private outputs: TensorInfo[] | undefined;

  private constructor(private readonly backend: BackendWasm) {
    const module = emscripten(backend);
    this.blocks = new Blocks(module._malloc, module._free);
  }

  /** @returns an empty recording, or undefined unless our kernels run on the current backend */
  static start(): Recording | undefined {
    const backend = currentWasmBackend();
    return backend && new Recording(backend);
  }

  /**
   * Runs a computation and records it as the next segment. Its results stay where they are until `dispose`; each replay
   * writes them anew. Tensors that are disposed meanwhile give their place to later ones.
   * @throws NotRecordable if a tensor is read meanwhile
   */
  capture<T>(compute: () => T): T {
    if (active) throw new NotRecordable('A recording is in progress.');
    watchKernels();
    const segment: Launches = { kernels: [], values: [] };
    this.segments.push(segment);
    this.dropPrograms();
    const { backend, blocks } = this;
    const prototype = Object.getPrototypeOf(backend) as Patched;
    const data = backend.dataIdMap as unknown as { get(id: object): Data | undefined };
    const methods: Partial<Patched> = {
      move: (dataId, values, shape, dtype, refCount) => {
        // What is written from JavaScript is not written again: its place is not given to others.
        blocks.pinning = values !== null && this.outputs === undefined;
        try {
          prototype.move.call(backend, dataId, values, shape, dtype, refCount);
        } finally {
          blocks.pinning = false;
        }
        this.made.add(dataId);
      },
      makeOutput: (shape, dtype, address, values) => {
        if (address !== undefined && address !== null)
          throw new NotRecordable('A kernel allocates its own memory.');
        const info = prototype.makeOutput.call(backend, shape, dtype, address, values);
        this.outputs?.push(info);
        return info;
      },
      disposeData: (dataId, force = false) => {
        if (!this.made.has(dataId)) return prototype.disposeData.call(backend, dataId, force);
        const entry = data.get(dataId)!;
        entry.refCount--;
        if (!force && entry.refCount > 0) return false;
        blocks.release(entry.memoryOffset);
        return true;
      },
      readSync: (dataId, from, to) => {
        if (this.outputs) return prototype.readSync.call(backend, dataId, from, to);
        throw new NotRecordable('A tensor is read within the step.');
      },
    };
    active = this;
    listenToLaunches((kernel, values) => {
      segment.kernels.push(kernel);
      segment.values.push(values);
    });
    try {
      return patched(emscripten(backend), { _malloc: (bytes: number) => blocks.take(bytes) }, () =>
        patched(backend, methods, compute),
      );
    } finally {
      active = undefined;
      listenToLaunches();
      this.hold();
    }
  }

  /** Runs a segment again. */
  replay(index: number): void {
    const segment = this.fused[index]!;
    segment.run ??= this.link(segment);
    segment.run();
  }

  /** One thread or several: the numbers are the same. */
  private link(segment: Launches): () => void {
    const alone = linkLaunches(segment.kernels, segment.values);
    const team = currentTeam();
    const together =
      team && linkForTeam(segment, currentKernels(), team, { take: (bytes) => this.keep(bytes) });
    if (!together) return alone;
    this.programs.push(together);
    return team.fixed ? together.run : faster([together.run, alone]);
  }

  /** A block that stays until `dispose`. */
  private keep(bytes: number): number {
    this.blocks.pinning = true;
    try {
      return this.blocks.take(bytes);
    } finally {
      this.blocks.pinning = false;
    }
  }

  private dropPrograms(): void {
    for (const program of this.programs) program.dispose();
    this.programs.length = 0;
    this.linked = undefined;
  }

  private get fused(): NonNullable<typeof this.linked> {
    this.linked ??= fuseLaunches(this.segments, currentKernels(), (address) => this.isRead(address));
    return this.linked;
  }

  /** Whether someone but this recording holds what lies at an address. */
  private isRead(address: number): boolean {
    const data = this.backend.dataIdMap as unknown as { get(id: object): Data | undefined };
    return [...this.made].some((dataId) => {
      const entry = data.get(dataId);
      return entry?.memoryOffset === address && entry.refCount > Number(this.held.has(dataId));
    });
  }

  /** Runs a segment again and adds the ms of each launch to `times`. @returns what each launch is, with its arguments */
  profile(index: number, times: Float64Array): string[] {
    const { kernels, values } = this.fused[index]!;
    return kernels.map((kernel, i) => {
      const start = performance.now();
      kernel(...values[i]!);
      times[i]! += performance.now() - start;
      return launchName(kernel) ?? kernel.name;
    });
  }

  /** Launches of a segment, as it is replayed. */
  lengthOf(index: number): number {
    return this.fused[index]!.kernels.length;
  }

  /** Adds a copy of bytes to the end of the last segment. */
  addCopy(from: number, to: number, bytes: number): void {
    const module = emscripten(this.backend);
    const { kernels, values } = this.segments.at(-1)!;
    kernels.push(() => module.HEAPU8.copyWithin(to, from, from + bytes));
    values.push([from, to]);
    this.dropPrograms();
  }

  /** Gives all memory back; results that someone still holds stay theirs. */
  dispose(): void {
    const { backend, blocks } = this;
    const data = backend.dataIdMap as unknown as {
      get(id: object): Data | undefined;
      delete(id: object): void;
    };
    for (const dataId of this.made) {
      const entry = data.get(dataId);
      if (!entry) continue;
      if (this.held.has(dataId)) {
        blocks.giveAway(entry.memoryOffset);
        if (backend.disposeData(dataId)) tf.engine().removeDataId(dataId, backend);
      } else {
        backend.wasm.tfjs.disposeData(
          entry.id as unknown as Parameters<typeof backend.wasm.tfjs.disposeData>[0],
        );
        data.delete(dataId);
      }
    }
    this.made.clear();
    this.held.clear();
    this.segments.length = 0;
    this.dropPrograms();
    blocks.dispose();
  }

  /** Called for every kernel that runs while this one records. */
  kernel(name: string, kernelFunc: KernelFunc, call: Parameters<KernelFunc>[0]): TensorInfo | TensorInfo[] {
    // A kernel of tfjs that runs another one: the outer call is what is run again.
    if (this.outputs) return kernelFunc(call);
    const segment = this.segments.at(-1)!;
    const launches = segment.kernels.length;
    const outputs: TensorInfo[] = [];
    this.outputs = outputs;
    try {
      return kernelFunc(call);
    } finally {
      this.outputs = undefined;
      const ours = segment.kernels.length > launches;
      // Without launches and outputs it has only given a tensor another shape.
      if (!ours && outputs.length > 0) {
        const again = () => this.again(kernelFunc, call, outputs);
        segment.kernels.push(Object.defineProperty(again, 'name', { value: `tfjs ${name}` }));
        const inputs = Object.values(call.inputs).flatMap((input) => input ?? []) as TensorInfo[];
        segment.values.push([...inputs, ...outputs].map(address));
      }
    }
  }

  /** Runs a kernel of tfjs's own again, into the tensors that it made the first time. */
  private again(kernelFunc: KernelFunc, call: Parameters<KernelFunc>[0], outputs: TensorInfo[]): void {
    const { backend } = this;
    let next = 0;
    const methods: Partial<Patched> = {
      makeOutput: (_shape, _dtype, _address, values) => {
        const info = outputs[next++]!;
        if (values) {
          const { buffer, byteOffset, byteLength } = values;
          const { memoryOffset } = backend.dataIdMap.get(info.dataId);
          emscripten(backend).HEAPU8.set(new Uint8Array(buffer, byteOffset, byteLength), memoryOffset);
        }
        return info;
      },
      disposeData: () => true,
      incRef: () => {},
    };
    patched(backend, methods, () => kernelFunc(call));
  }

  /** Keeps what is still alive after a segment. */
  private hold(): void {
    const data = this.backend.dataIdMap as unknown as { get(id: object): Data | undefined };
    for (const dataId of this.made) {
      const entry = data.get(dataId);
      if (!entry || this.held.has(dataId) || entry.refCount <= 0) continue;
      entry.refCount++;
      this.held.add(dataId);
    }
  }
}
