/** What the epilogue and its gradient share: activation functions by number, scales and biases. */

// Which activation function: known when each exported kernel is compiled, so that no branch is left in its loop.
export const LINEAR: i32 = 0;
export const RELU: i32 = 1;
export const TANH: i32 = 2;
export const SIGMOID: i32 = 3;
export const GELU: i32 = 4;

/** scales [channels] = input scale * weight scale */
export function makeScales(inputParams: usize, weightParams: usize, scales: usize, channels: i32): void {
  const inputScale = load<f32>(inputParams);
  const rowBytes = (channels as usize) << 2;
  for (let c: usize = 0; c < rowBytes; c += 4)
    store<f32>(scales + c, inputScale * load<f32>(weightParams + c));
}

/** biases [channels]: rounded to the accumulator's grid where input and weights are quantized */
export function makeBiases(
  inputParams: usize, weightParams: usize, bias: usize, scales: usize, biases: usize, channels: i32,
): void {
  const rowBytes = (channels as usize) << 2;
  const inputQuantized = load<f32>(inputParams, 12) == 1;
  for (let c: usize = 0; c < rowBytes; c += 4) {
    const scale = load<f32>(scales + c);
    let b = load<f32>(bias + c);
    if (inputQuantized && load<f32>(weightParams + 3 * rowBytes + c) == 1) b = nearest(b / scale) * scale;
    store<f32>(biases + c, b);
  }
}
