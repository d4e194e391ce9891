/**
 * Every WebAssembly kernel of the project, one module. It runs inside the tfjs wasm backend's memory, so there is no
 * heap and no data segment here: no arrays, strings, classes; only numbers and loads and stores at addresses passed in.
 */
export * from './matmul';
