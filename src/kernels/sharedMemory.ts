/** Memory between threads, for modules that were compiled to a memory of their own. Non-atomic accesses may be to either kind. */

/** The most that shared memory may grow to: 2 GiB, in pages of 64 KiB. The place for it is reserved from the start. */
export const sharedPages = 32768;
/** What tfjs's module begins with. */
const firstPages = 256;

/**
 * Whether this browser lets workers share memory: the page must be cross-origin isolated, and there must be room for it, which
 * phones may lack.
 */
export function canShareMemory(): boolean {
  if (globalThis.crossOriginIsolated !== true || typeof SharedArrayBuffer === 'undefined') return false;
  try {
    const memory = new WebAssembly.Memory({ initial: firstPages, maximum: sharedPages, shared: true });
    return memory.buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

/** The flags of an imported memory that states a most: of its own, or shared (WebAssembly threads proposal). */
const flags = { own: 1, shared: 3 } as const;

/**
 * A module with the memory that it imports made shared. It imports only that one, as env.memory, and states a most.
 * @throws if it does not
 */
export function importingShared(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const name = [
    3,
    ...new TextEncoder().encode('env'),
    6,
    ...new TextEncoder().encode('memory'),
    2,
    flags.own,
  ];
  const at = binary.findIndex((_, i) => name.every((byte, k) => binary[i + k] === byte));
  if (at < 0) throw new Error('The WebAssembly kernels do not import a memory that could be shared.');
  const copy = Uint8Array.from(binary);
  copy[at + name.length - 1] = flags.shared;
  return copy;
}
