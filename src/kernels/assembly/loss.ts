/** The mean softmax cross-entropy and its gradient. See ../softmaxCrossEntropy/index.ts. */
import { exp4 } from './lanes';

/** log(x) for a normal x > 0 in float64: 2 atanh((m - 1) / (m + 1)) of its mantissa m in [1/sqrt 2, sqrt 2). */
function logarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let exponent = ((bits >> 52) as i32) - 1023;
  let mantissa = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (mantissa > 1.4142135623730951) {
    mantissa *= 0.5;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series: f64 = 1.0 / 17.0;
  for (let k: f64 = 15; k > 0; k -= 2) series = series * square + 1.0 / k;
  return (exponent as f64) * 0.6931471805599453 + 2 * s * series;
}

function maximumOf(row: usize, rowBytes: usize): f32 {
  let maximum = load<f32>(row);
  for (let k: usize = 4; k < rowBytes; k += 4) maximum = max(maximum, load<f32>(row + k));
  return maximum;
}

/** The sum of exp(logit - maximum) over a row. */
function sumOfExponentials(row: usize, rowBytes: usize, maximum: f32): f64 {
  const shift = f32x4.splat(maximum);
  let sum: f64 = 0;
  let k: usize = 0;
  for (; k + 16 <= rowBytes; k += 16) {
    const terms = exp4(f32x4.sub(v128.load(row + k), shift));
    sum += f32x4.extract_lane(terms, 0) as f64;
    sum += f32x4.extract_lane(terms, 1) as f64;
    sum += f32x4.extract_lane(terms, 2) as f64;
    sum += f32x4.extract_lane(terms, 3) as f64;
  }
  for (; k < rowBytes; k += 4)
    sum += f32x4.extract_lane(exp4(f32x4.sub(v128.load32_splat(row + k), shift)), 0) as f64;
  return sum;
}

/** The label of a row that is left out, as in ../softmaxCrossEntropy/constants.ts. */
const IGNORED: i32 = -1;

/** How many of the labels [batch] count. */
function countOf(labels: usize, batch: i32): i32 {
  let count = 0;
  for (let b = 0; b < batch; b++) count += i32(load<i32>(labels + ((b as usize) << 2)) != IGNORED);
  return count;
}

/** loss [] of logits [batch, classes] and labels [batch] (int32) */
export function softmaxCrossEntropy(
  logits: usize, labels: usize, loss: usize, batch: i32, classes: i32,
): void {
  const rowBytes = (classes as usize) << 2;
  let total: f64 = 0;
  for (let b = 0; b < batch; b++) {
    const row = logits + (b as usize) * rowBytes;
    const label = load<i32>(labels + ((b as usize) << 2));
    if (label == IGNORED) continue;
    const maximum = maximumOf(row, rowBytes);
    const sum = sumOfExponentials(row, rowBytes, maximum);
    // Also where the sum is NaN, whose logarithm would not be.
    if (!(sum > 0) || label < 0 || label >= classes) {
      total = NaN;
      break;
    }
    total += logarithm(sum) - ((load<f32>(row + ((label as usize) << 2)) as f64) - (maximum as f64));
  }
  store<f32>(loss, (total / (max(countOf(labels, batch), 1) as f64)) as f32);
}

/** gradient [batch, classes] = (softmax - onehot) * dy / (labels that count) */
export function softmaxCrossEntropyGradient(
  dy: usize, logits: usize, labels: usize, gradient: usize, batch: i32, classes: i32,
): void {
  const rowBytes = (classes as usize) << 2;
  const count = countOf(labels, batch) as f32;
  for (let b = 0; b < batch; b++) {
    const row = logits + (b as usize) * rowBytes;
    const to = gradient + (b as usize) * rowBytes;
    const label = load<i32>(labels + ((b as usize) << 2));
    if (label == IGNORED) {
      memory.fill(to, 0, rowBytes);
      continue;
    }
    const maximum = maximumOf(row, rowBytes);
    const sum = sumOfExponentials(row, rowBytes, maximum);
    const valid = label >= 0 && label < classes;
    const factor: f32 = valid ? load<f32>(dy) / count : NaN;
    const shift = f32x4.splat(maximum);
    const scale = f32x4.splat((1 / sum) as f32);
    const factors = f32x4.splat(factor);
    let k: usize = 0;
    for (; k + 16 <= rowBytes; k += 16) {
      const probabilities = f32x4.mul(exp4(f32x4.sub(v128.load(row + k), shift)), scale);
      v128.store(to + k, f32x4.mul(probabilities, factors));
    }
    for (; k < rowBytes; k += 4) {
      const probability = f32x4.mul(exp4(f32x4.sub(v128.load32_splat(row + k), shift)), scale);
      store<f32>(to + k, f32x4.extract_lane(f32x4.mul(probability, factors), 0));
    }
    if (valid) {
      const at = (label as usize) << 2;
      const probability = f32x4.extract_lane(
        f32x4.mul(exp4(f32x4.sub(v128.load32_splat(row + at), shift)), scale),
        0,
      );
      store<f32>(to + at, (probability - 1) * factor);
    }
  }
}
