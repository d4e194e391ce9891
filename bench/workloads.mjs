/**
 * The reference workloads, by the names and shapes of peers/pytorch_qat.py: each an experiment, as a link, of 8-bit weights
 * (abs-max, per channel), 8-bit activations (EMA min-max) and Adam.
 */
const tail = 'opt=adam;lr=0.001';
const digits = 'seed=1&data=digits;n=1000;noise=0.5;test=0.2&input=a8';

const block =
  'ln;a8_attn;4;causal;wq8;wk8;wv8;w8;aq8;ak8;av8;as32;ap8;ac8;a32_add;2;linear;a32_' +
  'ln;a8_dense;256;gelu;w8;a8_dense;64;linear;w8;a32_add;3;linear;a32';

/**
 * PyTorch's Embedding and the gates of its GRU are not rounded, so neither are ours. The text is of `textShape`, which the
 * benchmark puts in the place of the dataset's own.
 * @type {Record<string, string>}
 */
export const workloads = {
  'spiral-mlp': `v=1&seed=1&data=spirals;n=1600;noise=0.04;test=0.5&input=a8&net=dense;8;w8;a8_dense;8;w8;a8_dense;linear;w8;a32&${tail}&batch=32`,
  'digits-mlp': `v=1&${digits}&net=dense;128;w8;a8_dense;64;w8;a8_dense;linear;w8;a32&${tail}&batch=64`,
  'digits-cnn': `v=1&${digits}&net=conv;8;k3;w8;a8_pool;2_conv;16;k3;w8;a8_pool;2_dense;linear;w8;a32&${tail}&batch=64`,
  'digits-gru': `v=1&${digits}&net=rows_gru;64;w8;wr8;ag32;a8_dense;linear;w8;a32&${tail}&batch=64`,
  'char-transformer': `v=1&seed=1&data=reversing;n=1000;test=0.2&input=a32&net=embed;64;w32;wp32;a32_${block}_${block}_ln;a8_dense;linear;w8;a32&${tail}&batch=32`,
};

export const workloadNames = Object.keys(workloads);

/** Of the text workload: positions of an example, and symbols. */
export const textShape = { positions: 32, symbols: 32 };
