/**
 * The reference workloads, by the names and shapes of peers/pytorch_qat.py: each an experiment, as a link, of 8-bit weights
 * (abs-max, per channel), 8-bit activations (EMA min-max) and Adam.
 */
const tail = 'opt=adam;lr=0.001';
const digits = 'seed=1&data=digits;n=1000;noise=0.5;test=0.2&input=a8';

/** @type {Record<string, string>} */
export const workloads = {
  'spiral-mlp': `v=1&seed=1&data=spirals;n=1600;noise=0.04;test=0.5&input=a8&net=dense;8;w8;a8_dense;8;w8;a8_dense;linear;w8;a32&${tail}&batch=32`,
  'digits-mlp': `v=1&${digits}&net=dense;128;w8;a8_dense;64;w8;a8_dense;linear;w8;a32&${tail}&batch=64`,
  'digits-cnn': `v=1&${digits}&net=conv;8;k3;w8;a8_pool;2_conv;16;k3;w8;a8_pool;2_dense;linear;w8;a32&${tail}&batch=64`,
};

/** Every name, also of those that this version cannot express yet. */
export const workloadNames = ['spiral-mlp', 'digits-mlp', 'digits-cnn', 'digits-gru', 'char-transformer'];
