/** How long one call takes, however short: clocks of browsers tick in steps of 5 to 100 µs, so calls are timed many at once. */

const blocks = 5;
const blockMs = 20;

/**
 * Median over blocks of at least 20 ms each, after one call to warm up. A call that takes longer is timed alone.
 * @param call hears how many were before it
 * @param clock in ms
 * @returns ms for one call
 */
export async function timePerCall(
  call: (index: number) => unknown,
  clock: () => number = () => performance.now(),
): Promise<number> {
  let done = 0;
  let size = 1;
  const times: number[] = [];
  await call(done++);
  while (times.length < blocks) {
    const began = clock();
    for (let i = 0; i < size; i++) await call(done++);
    const passed = clock() - began;
    if (passed >= blockMs) times.push(passed / size);
    else size = Math.ceil(size * Math.min(10, (1.2 * blockMs) / Math.max(passed, 0.1)));
  }
  return times.toSorted((a, b) => a - b)[Math.floor(blocks / 2)]!;
}
