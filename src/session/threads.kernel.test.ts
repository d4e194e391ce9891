import { expect, test } from 'vitest';
import type { Order, Outcome } from './testing/threadsWorker';

/** Trains in a worker of its own: threads wait for each other, which a page's thread must not. */
function train(order: Order): Promise<Outcome[]> {
  const worker = new Worker(new URL('./testing/threadsWorker.ts', import.meta.url), { type: 'module' });
  return new Promise<Outcome[]>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Outcome[] | { error: string }>) =>
      'error' in data ? reject(new Error(data.error)) : resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(order);
  }).finally(() => worker.terminate());
}

const digits = 'v=1&seed=1&data=digits;n=300;noise=0.5;test=0.2&input=a8';
const tail = 'opt=adam;lr=0.003';
const links = {
  'a perceptron': `${digits}&net=dense;131;w8;a8_dense;61;gelu;w4;a4_dense;linear;w8;a32&${tail}&batch=63`,
  'convolutions and pooling': `${digits}&net=conv;9;k3;w8;a8_pool;2_conv;17;k3;s2;same;w4;a8_dense;linear;w8;a32&${tail}&batch=61`,
  'a transformer': `v=1&seed=1&data=reversing;n=300;test=0.2&input=a32&net=embed;40;w32;wp32;a32_ln;a8_attn;4;causal;wq8;wk8;wv8;w8;aq8;ak8;av8;as32;ap8;ac8;a32_add;2;linear;a32_ln;a8_dense;90;gelu;w8;a8_dense;40;linear;w8;a32_add;3;linear;a32_ln;a8_dense;linear;w8;a32&${tail}&batch=31`,
  'a recurrent network': `${digits}&net=rows_gru;65;w8;wr8;ag32;a8_dense;linear;w8;a32&${tail}&batch=64`,
};

test('this page may share memory', () => {
  expect(globalThis.crossOriginIsolated).toBe(true);
});

test.each(Object.entries(links))('%s: the same bits on 1, 2, 3 and 4 threads', async (_, link) => {
  const edit: Order['edit'] = {
    step: 12,
    change: { kind: 'bits', layer: 'input', site: 'activations', bits: 4 },
  };
  // A core is left to the page where there are more than two.
  const outcomes = await train({ link, steps: 24, edit, cores: [2, 4, 5, 1] });
  expect(outcomes.map(({ threads }) => threads)).toEqual([2, 3, 4, 1]);
  const alone = outcomes.pop()!;
  expect(alone.values.length).toBeGreaterThan(1000);
  for (const together of outcomes) {
    expect(together.adapter).toBe('SIMD, 2 threads');
    expect(together.modes).toEqual(['recorded', 'recorded']);
    expect(together.helped).toBeGreaterThan(0);
    expect(together.losses).toEqual(alone.losses);
    expect(together.values).toEqual(alone.values);
  }
});

test('helpers that never come are not waited for, and memory that is not shared gives the same', async () => {
  const order = { link: links['a perceptron'], steps: 20 };
  const [deserted] = await train({ ...order, cores: [4], without: 'gone' });
  expect(deserted!.adapter).toBe('SIMD, 3 threads');
  expect(deserted!.helped).toBe(0);
  const [refused] = await train({ ...order, cores: [4], without: 'refused' });
  const [alone] = await train({ ...order, cores: [1] });
  expect([refused!.adapter, refused!.threads]).toEqual(['SIMD, 1 thread', 1]);
  expect([alone!.adapter, alone!.threads]).toEqual(['SIMD', 1]);
  expect(refused!.values).toEqual(alone!.values);
  expect(deserted!.values).toEqual(alone!.values);
});

test('fused sums: the same bits on every number of threads, and almost those of the others', async () => {
  const order = { link: links['a perceptron'], steps: 20 };
  const [two, one] = await train({ ...order, cores: [2, 1], choice: 'fused' });
  expect(two!.adapter).toBe('fused, 2 threads');
  expect([two!.threads, one!.threads]).toEqual([2, 1]);
  expect(two!.modes).toEqual(['recorded', 'recorded']);
  expect(two!.values).toEqual(one!.values);
  const [exact] = await train({ ...order, cores: [1] });
  two!.losses.forEach((loss, i) => {
    expect(Math.abs(loss - exact!.losses[i]!)).toBeLessThan(0.01);
  });
});
