/**
 * Choosing and starting a tfjs backend with our kernels on it. Automatic takes WebGPU on a hardware adapter, else
 * WebAssembly with SIMD, else plain JavaScript; a software adapter is used only when asked for by name. Each is tried by a
 * self-test before it is used.
 */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { BackendChoice, BackendName, BackendStatus } from '@/catalog/backends';
import { registerKernels } from '@/kernels/register';
import { noRoom, sharingProblem } from '@/kernels/sharedMemory';
import { threadsFor } from '@/kernels/threads';
import { currentTeam, startWasmKernels, type Threads } from '@/kernels/wasm';
import { selfTest } from './selfTest';

export class BackendError extends Error {
  override name = 'BackendError';
}

export interface Backend {
  status: BackendStatus;
  /** Results can be read at once without waiting for a device. */
  synchronous: boolean;
  /** Settles with the reason if the device goes away by itself. */
  lost: Promise<string>;
}

/** Where tfjs finds its WebAssembly: a folder in Node, one address for each file in a browser. */
export type WasmPaths = Parameters<typeof setWasmPaths>[0];

/** Where tfjs's WebAssembly is, and what threads need: its build with shared memory, and a way to start helpers. */
export interface WasmFiles {
  paths: WasmPaths;
  sharedPaths: WasmPaths;
  /** The module of kernels that multiply and add in one step. */
  fusedKernels(): Promise<Uint8Array<ArrayBuffer>>;
  threads: Threads;
}

type Choice = Exclude<BackendChoice, 'auto'>;
type Availability = Partial<Record<Choice, string>>;
const never = new Promise<string>(() => {});

interface Adapter {
  adapter?: GPUAdapter;
  /** Why automatic choice passes it over. */
  reason?: string;
}

async function findAdapter(): Promise<Adapter> {
  const gpu = globalThis.navigator?.gpu;
  if (!gpu)
    return {
      reason:
        globalThis.isSecureContext === false
          ? 'WebGPU needs an address that begins with https, or localhost.'
          : 'This browser has no WebGPU.',
    };
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return { reason: 'WebGPU found no graphics adapter on this machine.' };
    if (adapter.info.isFallbackAdapter)
      return { adapter, reason: 'WebGPU has only a software adapter here, which is slower than WASM.' };
    return { adapter };
  } catch (error) {
    return { reason: `WebGPU did not start: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const limits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

async function startWebGPU(adapter: GPUAdapter): Promise<Pick<Backend, 'lost'> & { adapter: string }> {
  const requiredLimits = Object.fromEntries(limits.map((name) => [name, adapter.limits[name]]));
  const device = await adapter.requestDevice({ requiredLimits });
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
  // A step computes small tensors where its recording does: on the device.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  await makeCurrent('webgpu');
  const lost = device.lost.then(({ message }) => message || 'the graphics device was lost');
  const { vendor, architecture, description } = adapter.info;
  const name = [vendor, architecture].filter(Boolean).join(' ') || description || 'adapter';
  return { lost, adapter: adapter.info.isFallbackAdapter ? `${name} (software)` : name };
}

async function makeCurrent(name: BackendName): Promise<void> {
  if (!(await tf.setBackend(name))) throw new BackendError(`The ${name} backend did not start.`);
  await tf.ready();
}

/** What recorded steps run on, and why on one thread where there are cores for several. */
type Started = Pick<BackendStatus, 'adapter' | 'oneThread'>;

/**
 * @param what the instructions that are used: "SIMD"
 * @param other kernels in the place of the usual ones
 */
async function startWasm(
  files: WasmPaths | WasmFiles,
  what: string,
  other?: Uint8Array<ArrayBuffer>,
): Promise<Started> {
  // Threads are ours: tfjs's own would add up in another order.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const several = hasThreads(files) && threadsFor(files.threads.cores) > 1;
  const problem = several ? sharingProblem() : undefined;
  if (several && !problem) {
    setWasmPaths(files.sharedPaths);
    // Where memory cannot be shared after all, tfjs tries again below.
    if (await tf.setBackend('wasm').catch(() => false)) {
      await startWasmKernels(files.threads, other);
      const team = currentTeam();
      return team ? { adapter: `${what}, ${team.threads} threads` } : alone(what, noHelpers);
    }
  }
  setWasmPaths(hasThreads(files) ? files.paths : files);
  await makeCurrent('wasm');
  await startWasmKernels(undefined, other);
  return several ? alone(what, problem ?? noRoom) : { adapter: what };
}

const noHelpers = 'this browser starts no workers within workers';
const alone = (what: string, problem: string): Started => ({
  adapter: `${what}, 1 thread`,
  oneThread: `It runs on one thread: ${problem}.`,
});

const hasThreads = (files: WasmPaths | WasmFiles): files is WasmFiles =>
  typeof files === 'object' && 'threads' in files;

/** A module whose one function multiplies and adds four floats in one step (f32x4.relaxed_madd). */
const relaxedMultiplyAdd = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 20, 1, 18, 0],
  ...[0x41, 0, 0xfd, 0x11, 0x41, 0, 0xfd, 0x11, 0x41, 0, 0xfd, 0x11, 0xfd, 0x85, 0x02, 0x1a, 0x0b],
);

/** Why sums cannot be fused, undefined where they can. */
function fusedProblem(files: WasmPaths | WasmFiles): string | undefined {
  if (!hasThreads(files)) return 'This choice is for browsers.';
  return WebAssembly.validate(relaxedMultiplyAdd) ? undefined : 'This browser has no relaxed SIMD.';
}

/**
 * Starts a backend and makes it tfjs's current one.
 * @param wasmFiles paths alone keep recorded steps on one thread
 * @param except backends that were lost in this session
 * @throws BackendError with a sentence if the backend asked for, or every backend, is unavailable
 */
export async function startBackend(
  choice: BackendChoice,
  wasmFiles: WasmPaths | WasmFiles,
  except: readonly BackendName[] = [],
): Promise<Backend> {
  registerKernels();
  const unavailable: Availability = Object.fromEntries(
    except.map((name) => [name, `${name} was lost in this session; reload the page to try it again.`]),
  );
  const { adapter, reason } = await findAdapter();
  if (!adapter) unavailable.webgpu ??= reason ?? '';
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    unavailable.wasm ??= 'This browser has no WebAssembly SIMD.';

  unavailable.fused ??= unavailable.wasm ?? fusedProblem(wasmFiles);

  const starters: Record<Choice, () => Promise<Omit<Backend, 'status'> & Started>> = {
    webgpu: async () => ({ ...(await startWebGPU(adapter!)), synchronous: false }),
    wasm: async () => ({ ...(await startWasm(wasmFiles, 'SIMD')), lost: never, synchronous: true }),
    fused: async () => {
      const kernels = await (wasmFiles as WasmFiles).fusedKernels();
      return { ...(await startWasm(wasmFiles, 'fused', kernels)), lost: never, synchronous: true };
    },
    cpu: async () => {
      await makeCurrent('cpu');
      return { adapter: 'JavaScript', lost: never, synchronous: true };
    },
  };
  const automatic: Choice[] = reason ? ['wasm', 'cpu'] : ['webgpu', 'wasm', 'cpu'];
  const wanted = choice === 'auto' ? automatic : [choice];
  for (const name of wanted) {
    if (unavailable[name] !== undefined) continue;
    try {
      const { adapter: description, oneThread, lost, synchronous } = await starters[name]();
      const problem = await selfTest();
      if (problem !== undefined) throw new Error(problem);
      const backend = name === 'fused' ? 'wasm' : name;
      const deterministic = name !== 'webgpu' && name !== 'fused';
      const status = { name: backend, adapter: description, oneThread, deterministic, unavailable } as const;
      return { status, synchronous, lost };
    } catch (error) {
      unavailable[name] = `${name} did not start: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const first = wanted[0]!;
  throw new BackendError(
    choice === 'auto'
      ? `No backend started: ${Object.values(unavailable).join(' ')}`
      : `${unavailable[first]} Choose Automatic in the Backend menu.`,
  );
}
