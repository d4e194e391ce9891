/** Memory between threads, for modules that were compiled to a memory of their own. Non-atomic accesses may be to either kind. */

/** The most that shared memory may grow to: 2 GiB, in pages of 64 KiB. The place for it is reserved from the start. */
export const sharedPages = 32768;
/** What tfjs's module begins with. */
const firstPages = 256;

export const noRoom = 'this device has no room for memory that threads share';

/**
 * Why workers cannot share memory here, undefined where they can. The page must be cross-origin isolated, which takes a secure
 * context and two headers; and there must be room for the memory, which phones may lack.
 */
export function sharingProblem(): string | undefined {
  if (globalThis.isSecureContext === false)
    return 'threads need an address that begins with https, or localhost';
  if (globalThis.crossOriginIsolated !== true)
    return 'the server of this page does not send the headers that threads need, Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy';
  if (typeof SharedArrayBuffer === 'undefined') return 'this browser shares no memory between threads';
  try {
    const memory = new WebAssembly.Memory({ initial: firstPages, maximum: sharedPages, shared: true });
    if (memory.buffer instanceof SharedArrayBuffer) return undefined;
  } catch {
    // As below.
  }
  return noRoom;
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
