import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import learnedStep from '@/quant/fixtures/learnedStep.json';
import { quantize } from '../quantize';
import { backends, expectCloseArrays, randomFloats, startBackend } from '../testing/backends';
import { expectNoLeak, nearestEven, onEach, params, read } from '../testing/tensors';
import { advanceClock, clipDecay, estimators, learnedParams, modes, quantizeByRule, rules } from './index';

const fround = Math.fround;
const stopped = () => tf.tensor1d([-1]);

interface Site {
  qmin: number;
  qmax: number;
  mode?: number;
  granularity?: 0 | 1;
  rule?: number;
  estimator?: number;
  stochastic?: 0 | 1;
  seed?: number;
  count?: number;
}
const settings = ({
  qmin,
  qmax,
  mode = modes.affine,
  granularity = 0,
  rule = rules.clip,
  estimator = estimators.ste,
  stochastic = 0,
  seed = 0,
  count = 1,
}: Site): tf.Tensor1D =>
  tf.tensor1d([qmin, qmax, mode, granularity, rule, estimator, stochastic, seed, count]);

/** Gradients of sum(dy * fake-quantized x) by x and by what is learned, whose params make the fake-quantized x. */
async function learn(x: tf.Tensor, learned: tf.Tensor, site: Site, dy: tf.Tensor) {
  const s = settings(site);
  const p = learnedParams(learned, s);
  const channels = p.shape[1];
  const scale = tf.reshape(tf.slice(p, [0, 0], [1, channels]), [channels]);
  const [dx, dLearned] = tf.grads((v, l) => tf.mul(quantizeByRule(v!, p, s, stopped(), l!), scale))(
    [x, learned],
    dy,
  ) as [tf.Tensor, tf.Tensor];
  return { dx: await read(dx), dLearned: await read(dLearned) };
}

const dxOf = (x: tf.Tensor, p: tf.Tensor2D, s: tf.Tensor1D, dq: tf.Tensor = tf.onesLike(x)) =>
  read(tf.grad((v: tf.Tensor) => quantizeByRule(v, p, s, stopped()))(x, dq));

/** LSQ in float64 (Esser et al. 2020), the zero point fixed. */
function lsq(v: number, step: number, zeroPoint: number, qmin: number, qmax: number) {
  const p = v / step + zeroPoint;
  const inside = p > qmin && p < qmax;
  const end = (p <= qmin ? qmin : qmax) - zeroPoint;
  return { dv: Number(inside), dStep: inside ? nearestEven(v / step) - v / step : end };
}

describe.each(backends)('quantizeByRule on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  describe('LSQ', () => {
    test("the paper's step gradient .95669 of the golden values, where PyTorch has .46045", async () => {
      const v = [-3, -1.3, -0.26, -0.25, 0.1, 0.74, 0.76, 1.49, 1.51, 5];
      const dy = v.map((_, i) => (i + 1) / 10);
      const site = { qmin: -4, qmax: 3, rule: rules.lsq, granularity: 1, count: 10 } as const;
      const { dx, dLearned } = await learn(
        tf.tensor2d(v, [10, 1]),
        tf.tensor2d([[0.5]]),
        site,
        tf.tensor2d(dy, [10, 1]),
      );
      expect(dLearned[0]).toBeCloseTo(0.95669, 5);
      expectCloseArrays(
        dx,
        dy.map((d, i) => (i === 0 || i >= 8 ? 0 : d)),
        1e-6,
      );
    });

    test.each(learnedStep.cases)(
      '$name: values and gradients of the paper, by PyTorch in float64',
      async (fixture) => {
        const { v, dy, y, scale, qmin, qmax, factor, paper } = fixture;
        // g = 1 / sqrt(count * qmax)
        const site = {
          qmin,
          qmax,
          rule: rules.lsq,
          granularity: 1,
          count: 1 / (factor ** 2 * qmax),
        } as const;
        const column = (values: number[]) => tf.tensor2d(values, [values.length, 1]);
        const learned = tf.tensor2d([[scale]]);
        const s = settings(site);
        const q = await read(quantizeByRule(column(v), learnedParams(learned, s), s, stopped(), learned));
        expectCloseArrays(
          q.map((value) => value * fround(scale)),
          y,
          1e-6,
        );
        const { dx, dLearned } = await learn(column(v), learned, site, column(dy));
        expectCloseArrays(dx, paper.dv, 1e-5);
        expectCloseArrays(dLearned, [paper.dScale], 1e-4);
      },
    );

    test('per channel and per tensor, against float64', async () => {
      for (const channels of [2, 5, 8]) {
        const shape = [37, channels];
        const v = randomFloats(37 * channels, 3, -2, 2);
        const dy = randomFloats(37 * channels, 4);
        const steps = Array.from(randomFloats(channels, 5, 0.2, 0.5));
        for (const granularity of [0, 1] as const) {
          const used = granularity ? steps : steps.map(() => steps[0]!);
          const count = granularity ? 37 : 37 * channels;
          const { dx, dLearned } = await learn(
            tf.tensor(v, shape),
            tf.tensor2d(used, [1, channels]),
            { qmin: -4, qmax: 3, rule: rules.lsq, granularity, count },
            tf.tensor(dy, shape),
          );
          const shares = Array.from(v, (value, i) => lsq(value, used[i % channels]!, 0, -4, 3));
          expectCloseArrays(
            dx,
            shares.map(({ dv }, i) => dv * dy[i]!),
            1e-6,
          );
          const g = 1 / Math.sqrt(count * 3);
          const sum = (keep: (i: number) => boolean) =>
            g * shares.reduce((total, { dStep }, i) => total + (keep(i) ? dStep * dy[i]! : 0), 0);
          const expected = used.map((_, c) => sum((i) => !granularity || i % channels === c));
          expectCloseArrays(dLearned, expected, 1e-5);
        }
      }
    });

    test('of a long activation with a zero point, whose own gradient is 0', async () => {
      const x = randomFloats(30_000, 6, -3, 3);
      const dy = randomFloats(30_000, 7);
      const site = { qmin: 0, qmax: 15, rule: rules.lsq, count: 100 };
      const { dx, dLearned } = await learn(
        tf.tensor(x, [300, 100]),
        tf.tensor1d([0.25, 8]),
        site,
        tf.tensor(dy, [300, 100]),
      );
      const shares = Array.from(x, (value) => lsq(value, 0.25, 8, 0, 15));
      expectCloseArrays(
        dx,
        shares.map(({ dv }, i) => dv * dy[i]!),
        1e-6,
      );
      const total = shares.reduce((sum, { dStep }, i) => sum + dStep * dy[i]!, 0) / Math.sqrt(100 * 7);
      expectCloseArrays(dLearned, [total, 0], 2e-4);
    });

    test('at 1 bit the step scales the sign', async () => {
      const x = tf.tensor2d([0.3, -0.2, 2, -3], [4, 1]);
      const site = {
        qmin: -1,
        qmax: 1,
        mode: modes.sign,
        rule: rules.lsq,
        granularity: 1,
        count: 4,
      } as const;
      const { dx, dLearned } = await learn(x, tf.tensor2d([[0.5]]), site, tf.tensor2d([1, 2, 3, 4], [4, 1]));
      expectCloseArrays(dx, [1, 2, 0, 0], 1e-6);
      expectCloseArrays(dLearned, [(1 - 2 + 3 - 4) / 2], 1e-6);
    });
  });

  test('LSQ+: step and offset, against float64', async () => {
    const [step, offset, qmax] = [0.25, -0.75, 7];
    const x = randomFloats(2000, 8, -2, 2);
    const dy = randomFloats(2000, 9);
    const site = { qmin: 0, qmax, rule: rules.lsqPlus, count: 50 };
    const { dx, dLearned } = await learn(
      tf.tensor(x, [40, 50]),
      tf.tensor1d([step, offset]),
      site,
      tf.tensor(dy, [40, 50]),
    );
    const g = 1 / Math.sqrt(50 * qmax);
    let [dStep, dOffset] = [0, 0];
    const expected = Array.from(x, (value, i) => {
      const p = (value - offset) / step;
      if (p > 0 && p < qmax) {
        dStep += dy[i]! * (nearestEven(p) - p);
        return dy[i]!;
      }
      dStep += dy[i]! * (p <= 0 ? 0 : qmax);
      dOffset += dy[i]!;
      return 0;
    });
    expectCloseArrays(dx, expected, 1e-6);
    expectCloseArrays(dLearned, [g * dStep, g * dOffset], 1e-4);
  });

  test('PACT: the gradient of the clip is that of the values at or above it, and its decay', async () => {
    const x = tf.tensor1d([-1, 0, 0.4, 2.9, 3, 3.1, 50]);
    const site = { qmin: 0, qmax: 15, rule: rules.pact };
    const { dx, dLearned } = await learn(x, tf.tensor1d([3]), site, tf.tensor1d([1, 2, 3, 4, 5, 6, 7]));
    expectCloseArrays(dx, [0, 0, 3, 4, 0, 0, 0], 1e-6);
    expectCloseArrays(dLearned, [5 + 6 + 7 + 3 * clipDecay], 1e-6);
  });

  test('DoReFa weights: odd integers of tanh(w) over the largest, and the gradient through tanh', async () => {
    const w = Array.from(randomFloats(60, 10, -2, 2));
    const largest = Math.max(...w.map((v) => Math.abs(Math.tanh(v))));
    for (const n of [3, 15, 255]) {
      const p = tf.tensor2d([1 / n, n / (2 * largest), 0, 1], [4, 1]);
      const s = settings({ qmin: -n, qmax: n, mode: modes.tanh, rule: rules.everywhere });
      const q = await read(quantizeByRule(tf.tensor1d(w), p, s, stopped()));
      const exact = w.map((v) => 2 * nearestEven((Math.tanh(v) / (2 * largest) + 0.5) * n) - n);
      // float32 may fall on the other side of a tie
      const near = w.map((v) => {
        const position = (Math.tanh(v) / (2 * largest) + 0.5) * n;
        return Math.abs(position - Math.floor(position) - 0.5) < 1e-4;
      });
      q.forEach((value, i) => {
        if (!near[i]) expect(value).toBe(exact[i]);
        expect(Math.abs(value) % 2).toBe(1);
      });
      const dx = await dxOf(tf.tensor1d(w), p, s);
      expectCloseArrays(
        dx,
        w.map((v) => ((1 - Math.tanh(v) ** 2) * n) / largest),
        1e-5,
      );
    }
  });

  test('where each rule passes, at the ends of the grid and just beyond', async () => {
    const x = tf.tensor1d([-0.6, -0.5, -0.4, 0, 0.2, 2.8, 3, 3.4, 3.5, 3.6]);
    const passes = async (rule: number) => {
      const found = await dxOf(x, params([1]), settings({ qmin: 0, qmax: 3, rule }));
      return found.join('');
    };
    expect(await passes(rules.clip)).toBe('0111111100');
    expect(await passes(rules.closed)).toBe('0001111000');
    expect(await passes(rules.lsq)).toBe('0000110000');
    expect(await passes(rules.everywhere)).toBe('1111111111');
  });

  test('the rule "everywhere" divides by the scale, whatever takes values to the grid', async () => {
    // TWN: threshold 1, scale 4
    const p = tf.tensor2d([4, 0.5, 0, 1], [4, 1]);
    const s = settings({ qmin: -1, qmax: 1, rule: rules.everywhere });
    const x = tf.tensor1d([0.9, 1.1, -5]);
    expect(await read(quantizeByRule(x, p, s, stopped()))).toEqual([0, 1, -1]);
    expect(await dxOf(x, p, s)).toEqual([0.25, 0.25, 0.25]);
  });

  test('with straight-through gradient and rounding to nearest it is quantize', async () => {
    const shape = [130, 5];
    const x = tf.tensor(randomFloats(650, 11, -3, 3), shape);
    const dq = tf.tensor(randomFloats(650, 12), shape);
    for (const mode of [modes.passThrough, modes.affine, modes.sign])
      for (const p of [params([0.21], [3]), params([0.1, 0.2, 0.3, 0.4, 0.5], [0, 1, -3, 2, 5])]) {
        const s = settings({ qmin: -8, qmax: 7, mode });
        expect(await read(quantizeByRule(x, p, s, stopped()))).toEqual(await read(quantize(x, p, s)));
        const plain = await read(tf.grad((v: tf.Tensor) => quantize(v, p, s))(x, dq));
        expect(await dxOf(x, p, s, dq)).toEqual(plain);
      }
  });

  test('EWGS scales each gradient by its sign and rounding error', async () => {
    const x = [-2.3, -0.4, 0.1, 0.45, 1.2, 2.6, 9];
    const dq = [1, -2, 3, 4, -5, 6, 7];
    const s = settings({ qmin: -3, qmax: 3, estimator: estimators.ewgs });
    const expected = x.map((v, i) => {
      if (nearestEven(v) > 3) return 0;
      return dq[i]! * (1 + 0.2 * Math.sign(dq[i]!) * (v - nearestEven(v)));
    });
    expectCloseArrays(await dxOf(tf.tensor1d(x), params([1]), s, tf.tensor1d(dq)), expected, 1e-6);
    const sign = settings({ qmin: -1, qmax: 1, mode: modes.sign, estimator: estimators.ewgs });
    const binary = await dxOf(tf.tensor1d([0.5, -1, 1.5]), params([1]), sign, tf.tensor1d([1, -1, 1]));
    expectCloseArrays(binary, [1 + 0.2 * -0.25, -1, 0], 1e-6);
  });

  test('the soft staircase: steep halfway, flat on a level, 1 on average', async () => {
    const x = Array.from({ length: 1000 }, (_, i) => -2 + (4 * (i + 0.5)) / 1000);
    const s = settings({ qmin: -3, qmax: 3, estimator: estimators.soft });
    const dx = await dxOf(tf.tensor1d(x), params([1]), s);
    const k = 4;
    const slope = (v: number) => {
      const m = v - Math.floor(v) - 0.5;
      return (k / (2 * Math.tanh(k / 2))) * (1 - Math.tanh(k * m) ** 2);
    };
    expectCloseArrays(dx, x.map(slope), 1e-5);
    expect(dx.reduce((sum, v) => sum + v, 0) / 1000).toBeCloseTo(1, 3);
  });

  test('no estimator, no gradient', async () => {
    const s = settings({ qmin: -3, qmax: 3, estimator: estimators.none });
    expect(await dxOf(tf.tensor1d([-5, 0.2, 1, 9]), params([1]), s)).toEqual([0, 0, 0, 0]);
  });

  test('stochastic rounding: up or down by chance, the mean is the value, levels stay', async () => {
    const size = 20_000;
    const s = settings({ qmin: -8, qmax: 7, stochastic: 1, seed: 12_345 });
    const round = (value: number, clock: number) =>
      read(quantizeByRule(tf.fill([size], value), params([1]), s, tf.tensor1d([clock])));
    for (const [value, clock] of [
      [0.3, 0],
      [-2.75, 7],
      [5.5, 999_999],
    ] as const) {
      const q = await round(value, clock);
      const low = Math.floor(value);
      expect(q.every((v) => v === low || v === low + 1)).toBe(true);
      const mean = q.reduce((sum, v) => sum + v, 0) / size;
      // Five standard deviations of a mean of 20,000.
      expect(Math.abs(mean - value)).toBeLessThan(5 * Math.sqrt(0.25 / size));
    }
    expect(new Set(await round(3, 4))).toEqual(new Set([3]));
    expect(new Set(await round(40, 4))).toEqual(new Set([7]));
    expect(await round(0.5, 1)).toEqual(await round(0.5, 1));
    expect(await round(0.5, 1)).not.toEqual(await round(0.5, 2));
    expect(new Set(await round(0.7, -1))).toEqual(new Set([1]));
  });

  test('neighbours, steps and sites draw unrelated numbers', async () => {
    const size = 4000;
    const draw = async (seed: number, clock: number) => {
      const s = settings({ qmin: -8, qmax: 7, stochastic: 1, seed });
      return read(quantizeByRule(tf.fill([size], 0.5), params([1]), s, tf.tensor1d([clock])));
    };
    const base = await draw(5, 10);
    const others = [await draw(5, 11), await draw(6, 10), [...base.slice(1), base[0]!]];
    for (const other of others) {
      const agreeing = base.filter((v, i) => v === other[i]).length / size;
      expect(Math.abs(agreeing - 0.5)).toBeLessThan(0.04);
    }
  });

  test('the step gradient follows the level that was drawn', async () => {
    const site = { qmin: -8, qmax: 7, rule: rules.lsq, stochastic: 1, seed: 3, count: 1 / 7 } as const;
    const s = settings(site);
    const learned = tf.tensor1d([1, 0]);
    const x = tf.tensor1d(randomFloats(1, 5, 0.4, 0.6));
    const clock = tf.tensor1d([17]);
    const p = learnedParams(learned, s);
    const [q] = await read(quantizeByRule(x, p, s, clock, learned));
    const dStep = tf.grad((l: tf.Tensor) => quantizeByRule(x, p, s, clock, l))(learned);
    expectCloseArrays(await read(dStep), [q! - (await x.data())[0]!, 0], 1e-6);
  });

  describe('learnedParams', () => {
    test('LSQ: the step and its inverse, at least 2^-24, and the zero point of an activation', async () => {
      const s = settings({ qmin: -4, qmax: 3, rule: rules.lsq });
      const found = await read(learnedParams(tf.tensor2d([[0.3, -1, 2 ** -30]]), s));
      const [a, least] = [fround(0.3), 2 ** -24];
      expect(found).toEqual([a, least, least, fround(1 / a), 2 ** 24, 2 ** 24, 0, 0, 0, 1, 1, 1]);
      const one = await read(
        learnedParams(tf.tensor1d([0.3, 8]), settings({ qmin: 0, qmax: 15, rule: rules.lsq })),
      );
      expect(one).toEqual([a, fround(1 / a), 8, 1]);
    });
    test('LSQ+: the offset in whole steps, within the grid', async () => {
      const s = settings({ qmin: 0, qmax: 15, rule: rules.lsqPlus });
      const zeroPoint = async (offset: number) =>
        (await read(learnedParams(tf.tensor1d([0.5, offset]), s)))[2];
      expect(await zeroPoint(0)).toBe(0);
      expect(await zeroPoint(-1.6)).toBe(3);
      expect(await zeroPoint(-1.75)).toBe(4);
      expect(await zeroPoint(3)).toBe(0);
      expect(await zeroPoint(-100)).toBe(15);
    });
    test('PACT and DoReFa: the clip is the last level', async () => {
      for (const rule of [rules.pact, rules.closed]) {
        const s = settings({ qmin: 0, qmax: 15, rule });
        const scale = fround(3 / 15);
        expect(await read(learnedParams(tf.tensor1d([3]), s))).toEqual([scale, fround(1 / scale), 0, 1]);
      }
    });
    test('mode 0 passes through', async () => {
      const s = settings({ qmin: 0, qmax: 0, mode: modes.passThrough, rule: rules.lsq });
      expect(await read(learnedParams(tf.tensor2d([[2, 3]]), s))).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
      const { dx, dLearned } = await learn(
        tf.tensor2d([1.3, 5], [1, 2]),
        tf.tensor2d([[2, 3]]),
        { qmin: 0, qmax: 0, mode: modes.passThrough, rule: rules.lsq },
        tf.tensor2d([3, 4], [1, 2]),
      );
      expect([dx, dLearned]).toEqual([
        [3, 4],
        [0, 0],
      ]);
    });
  });

  test('NaN stays NaN, gets no gradient, and a NaN step makes NaN', async () => {
    const x = tf.tensor1d([Number.NaN, 1]);
    for (const stochastic of [0, 1] as const) {
      const s = settings({ qmin: -4, qmax: 3, rule: rules.everywhere, stochastic });
      const q = await quantizeByRule(x, params([1]), s, tf.tensor1d([3])).data();
      expect(Array.from(q, Number.isNaN)).toEqual([true, false]);
      expect(await dxOf(x, params([1]), s)).toEqual([0, 1]);
    }
    const s = settings({ qmin: -4, qmax: 3, rule: rules.lsq });
    const lost = learnedParams(tf.tensor2d([[Number.NaN]]), s);
    const q = await quantizeByRule(x, lost, s, stopped()).data();
    expect(Array.from(q, Number.isNaN)).toEqual([true, true]);
  });

  test('the clock advances in place', async () => {
    const clock = tf.variable(tf.tensor1d([41]), false);
    advanceClock(clock);
    expect(await read(clock)).toEqual([42]);
    advanceClock(clock);
    expect(await read(clock)).toEqual([43]);
  });

  test('nothing is left behind', () => {
    const x = tf.tensor2d(randomFloats(35, 1), [5, 7]);
    const s = settings({ qmin: -4, qmax: 3, rule: rules.lsq, granularity: 1 });
    const learned = tf.tensor2d(randomFloats(7, 2, 0.1, 0.5), [1, 7]);
    const clock = tf.variable(tf.tensor1d([0]), false);
    expectNoLeak(() => {
      const p = learnedParams(learned, s);
      tf.grads((v, l) => quantizeByRule(v!, p, s, clock, l!))([x, learned]);
    });
    expectNoLeak(() => advanceClock(clock));
  });

  test('settings that are too short are refused in a sentence', () => {
    expect(() => quantizeByRule(tf.zeros([2]), params([1]), tf.tensor1d([0, 1, 1, 0]), stopped())).toThrow(
      'must have the shape [9] or longer, but have [4]',
    );
  });
});

test('all backends give the same integers, by every mode, rounding and rule', async () => {
  const x = randomFloats(20_000, 21, -3, 3);
  const scale = 0.0234567;
  const ties = x.map((value) => (Math.round(value / scale) + 0.5) * scale);
  const compute = async () => {
    const found: number[][] = [];
    for (const mode of [modes.affine, modes.sign, modes.tanh])
      for (const stochastic of [0, 1] as const) {
        const s = settings({
          qmin: mode === modes.tanh ? -127 : -128,
          qmax: 127,
          mode,
          stochastic,
          seed: 777,
        });
        const values = tf.tensor2d(Float32Array.of(...x, ...ties), [8000, 5]);
        const perTensor =
          mode === modes.tanh ? tf.tensor2d([1 / 127, 64.1, 0, 1], [4, 1]) : params([scale], [7]);
        const q = quantizeByRule(values, perTensor, s, tf.tensor1d([123]));
        const perChannel = params([0.02, 0.05, 0.1, 0.3, 1], [0, 1, -3, 2, 5]);
        found.push(await read(q), await read(quantizeByRule(values, perChannel, s, tf.tensor1d([123]))));
      }
    for (const rule of [rules.lsq, rules.lsqPlus, rules.pact]) {
      const s = settings({ qmin: 0, qmax: 15, rule });
      const learned = tf.tensor1d(rule === rules.pact ? [2.345] : [0.1234, rule === rules.lsq ? 8 : -0.77]);
      const p = learnedParams(learned, s);
      found.push(await read(p), await read(quantizeByRule(tf.tensor1d(x), p, s, stopped(), learned)));
    }
    return found;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  expect(webgpu).toEqual(cpu);
});

test('wasm and cpu give the same gradients to the last bit, webgpu within rounding', async () => {
  const x = randomFloats(5000, 22, -3, 3);
  const dq = randomFloats(5000, 23);
  const compute = async () => {
    const found: number[][] = [];
    for (const estimator of Object.values(estimators))
      for (const mode of [modes.affine, modes.sign, modes.tanh]) {
        const s = settings({ qmin: -7, qmax: 7, mode, estimator });
        found.push(await dxOf(tf.tensor1d(x), params([0.3]), s, tf.tensor1d(dq)));
      }
    return found;
  };
  const [cpu, wasm, webgpu] = await onEach(backends, compute);
  expect(wasm).toEqual(cpu);
  webgpu!.forEach((values, i) => {
    expectCloseArrays(values, cpu![i]!, 2e-6);
  });
});
