/** The optimizers in JavaScript, rounded to float32 after every operation, as WebAssembly does. */
import { floats, replace } from '../cpu';
import type { Implementation } from '../definition';

const { fround, sqrt } = Math;

export const adamTickCpu: Implementation<'hyper'> = ({ inputs, backend }) => {
  const hyper = floats(backend, inputs.hyper).slice();
  hyper[4]! *= hyper[1]!;
  hyper[5]! *= hyper[2]!;
  replace(backend, inputs.hyper, hyper);
  return [];
};

export const adamStepCpu: Implementation<'w' | 'g' | 'm' | 'v' | 'hyper'> = ({ inputs, backend }) => {
  const [learningRate = 0, beta1 = 0, beta2 = 0, epsilon = 0, power1 = 0, power2 = 0] = floats(
    backend,
    inputs.hyper,
  );
  const g = floats(backend, inputs.g);
  const rest1 = fround(1 - beta1);
  const rest2 = fround(1 - beta2);
  const correction1 = fround(1 - power1);
  const correction2 = fround(1 - power2);
  const m = floats(backend, inputs.m).map((old, i) => fround(beta1 * old) + fround(rest1 * g[i]!));
  const v = floats(backend, inputs.v).map(
    (old, i) => fround(beta2 * old) + fround(rest2 * fround(g[i]! * g[i]!)),
  );
  const w = floats(backend, inputs.w).map((old, i) => {
    const spread = fround(fround(sqrt(fround(v[i]! / correction2))) + epsilon);
    const mean = fround(m[i]! / correction1);
    return old - fround(fround(learningRate * mean) / spread);
  });
  replace(backend, inputs.m, m);
  replace(backend, inputs.v, v);
  replace(backend, inputs.w, w);
  return [];
};

export const sgdStepCpu: Implementation<'w' | 'g' | 'velocity' | 'hyper'> = ({ inputs, backend }) => {
  const [learningRate = 0, momentum = 0] = floats(backend, inputs.hyper);
  const g = floats(backend, inputs.g);
  const velocity = floats(backend, inputs.velocity).map((old, i) => fround(momentum * old) + g[i]!);
  const w = floats(backend, inputs.w).map((old, i) => old - fround(learningRate * velocity[i]!));
  replace(backend, inputs.velocity, velocity);
  replace(backend, inputs.w, w);
  return [];
};
