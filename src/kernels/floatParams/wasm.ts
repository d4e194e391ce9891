/** Parameters of float formats in WebAssembly (../assembly/quantizeFloat.ts). */
import { type Implementation, lastAxis } from '../definition';
import { address, launch, output } from '../wasm';

export const clearQuantizedWasm: Implementation<'params'> = ({ inputs: { params } }) => {
  launch('clearQuantized', address(params), params.shape[1]!);
  return [];
};

export const unitParamsWasm: Implementation<'w'> = ({ inputs: { w } }) => {
  const channels = lastAxis(w.shape);
  const params = output([4, channels]);
  launch('unitParams', address(params), channels);
  return params;
};

export const floatActivationParamsWasm: Implementation<'state' | 'settings'> = ({
  inputs: { state, settings },
}) => {
  const params = output([4, 1]);
  launch('floatActivationParams', address(state), address(settings), address(params));
  return params;
};
