/** A helper thread of recorded steps on WebAssembly: the entry of its worker. */
import { helper } from '@/kernels/threadHelper';

declare const self: DedicatedWorkerGlobalScope;

const hear = helper();
self.onmessage = ({ data }: MessageEvent<Parameters<typeof hear>[0]>) => hear(data);
