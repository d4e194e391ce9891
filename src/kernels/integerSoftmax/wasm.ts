/** integerSoftmax in WebAssembly (../assembly/integerSoftmax.ts). */
import { softmaxWasm } from '../attentionSoftmax/wasm';

export const integerSoftmaxWasm = softmaxWasm('integerSoftmax');
