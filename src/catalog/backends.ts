/** What training can run on, and what a person can choose. */
export const backendChoices = ['auto', 'webgpu', 'wasm', 'fused', 'cpu'] as const;
export type BackendChoice = (typeof backendChoices)[number];
/** As they are called on the page. */
export const backendLabels: Record<BackendChoice, string> = {
  auto: 'Automatic',
  webgpu: 'WebGPU',
  wasm: 'WASM',
  fused: 'WASM, faster sums',
  cpu: 'CPU',
};
/** WASM has two choices: `fused` multiplies and adds in one step, so that its last bits are this machine's own. */
export type BackendName = Exclude<BackendChoice, 'auto' | 'fused'>;

/** The backend in use, for the badge and its menu. */
export interface BackendStatus {
  name: BackendName;
  /** The adapter or the instruction set: "NVIDIA ampere", "SIMD, 2 threads". */
  adapter: string;
  /** Why it runs on one thread where there are cores for several; a sentence for the badge. */
  oneThread?: string | undefined;
  /** Same seed, same numbers, bit for bit. */
  deterministic: boolean;
  /** Why each choice that cannot be made cannot; a sentence for the Backend menu. */
  unavailable: Partial<Record<Exclude<BackendChoice, 'auto'>, string>>;
}
