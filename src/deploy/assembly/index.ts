/**
 * The integer engine in WebAssembly: what ../ops says in plain loops, to the bit. ../vectors lays out the operands and calls it.
 * Values are i32, row-major, channels last; sizes are of at least 1.
 */
export { attention } from './attention';
export { layerNorm } from './layerNorm';
export { widen } from './layout';
export { maxPool, sumPool } from './pool';
export { channelProducts, products } from './products';
export { quantize } from './quantize';
export { gru, lstm } from './recurrent';
export { combine, embed, finish } from './rescale';
