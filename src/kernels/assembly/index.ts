/**
 * Every WebAssembly kernel of the project, one module. It runs inside the tfjs wasm backend's memory, so there is no
 * heap and no data segment here: no arrays, strings, classes; only numbers and loads and stores at addresses passed in.
 */
export * from './matmul';
export * from './pool';
export * from './conv2d';
export * from './quantize';
export * from './quantizeFloat';
export * from './quantizeRows';
export * from './observe';
export * from './epilogue';
export * from './epilogueGradient';
export * from './loss';
export * from './optimizer';
export * from './weightScales';
export * from './quantizeByRule';
export * from './observeClip';
export * from './oscillation';
export * from './depthwise';
export * from './averagePool';
export * from './embedding';
export * from './batchNorm';
export * from './layerNorm';
export * from './attentionSoftmax';
export * from './gru';
export * from './lstm';
export * from './dropout';
export * from './learnedBits';
export * from './learnedParams';
export * from './slice';
export * from './requantize';
export * from './elementwise';
export * from './integerLayerNorm';
export * from './integerSoftmax';
export * from './gather';
