/** The C functions of transformers; see ../ops/attention.ts, layerNorm.ts, embedding.ts and positions.ts. */
import type { CFunction, SequenceFunction } from './function';

export const sequenceFunctions: Record<SequenceFunction, CFunction> = {
  packed: {
    needs: ['weight', 'rescale'],
    code: `
typedef struct {
  const uint8_t *codes;
  int32_t bits, odd;
} qat_packed;

static int32_t qat_at(const qat_packed *w, int32_t i) { return qat_weight(w->codes, (uint32_t)i, w->bits, w->odd); }

/* The sum of two numbers on grids of their own, of channel c. */
static int32_t qat_both(const qat_rescale *by, int32_t c, int32_t v, int32_t w) {
  const int32_t at = c * by->step;
  return qat_finish(by, at, (int64_t)v * by->first[at] + (int64_t)w * by->second[at]);
}`,
  },
  embedding: {
    needs: ['packed'],
    code: `
static void qat_embedding(const qat_packed *table, const qat_packed *positions, const qat_rescale *by, const uint8_t *x,
                          uint8_t *y, int32_t count, int32_t features) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t c = i % features;
    y[i] = (uint8_t)qat_both(by, c, qat_at(table, x[i / features] * features + c), qat_at(positions, i));
  }
}`,
  },
  positions: {
    needs: ['packed'],
    code: `
static void qat_positions(const qat_packed *positions, const qat_rescale *by, const uint8_t *x, int32_t zero, uint8_t *y,
                          int32_t count, int32_t features) {
  for (int32_t i = 0; i < count; i++) y[i] = (uint8_t)qat_both(by, i % features, x[i] - zero, qat_at(positions, i));
}`,
  },
  layerNorm: {
    needs: ['bring'],
    code: `
typedef struct {
  const int32_t *gamma, *beta;
  const qat_rescale *rescale;
  int32_t features, zero;
  uint32_t epsilon;
} qat_norm;

/* The integer part of the root of n. */
static uint32_t qat_root(uint32_t n) {
  uint32_t root = 0;
  for (uint32_t bit = (uint32_t)1 << 30; bit; bit >>= 2) {
    const uint32_t tried = root + bit;
    root >>= 1;
    if (n >= tried) {
      n -= tried;
      root += bit;
    }
  }
  return root;
}

static void qat_layer_norm(const qat_norm *l, const uint8_t *x, uint8_t *y, int32_t count) {
  const int32_t features = l->features;
  for (; count > 0; count -= features, x += features, y += features) {
    int32_t sum = 0;
    uint32_t squares = 0, power = 1024;
    for (int32_t c = 0; c < features; c++) {
      const int32_t value = x[c] - l->zero;
      sum += value;
      squares += (uint32_t)(value * value);
    }
    /* Terms may leave 32 bits, their difference does not. */
    const uint32_t size = (uint32_t)(sum < 0 ? -sum : sum);
    uint32_t spread = (uint32_t)features * squares - size * size + l->epsilon;
    if (spread == 0) spread = 1;
    for (; spread < (uint32_t)1 << 30; spread <<= 2) power <<= 1;
    const uint32_t root = qat_root(spread);
    for (int32_t c = 0; c < features; c++) {
      const int32_t centred = features * (x[c] - l->zero) - sum;
      const uint32_t far = (uint32_t)(centred < 0 ? -centred : centred);
      const int32_t steps = (int32_t)((far * power + (root >> 1)) / root);
      y[c] = (uint8_t)qat_bring(l->rescale, (centred < 0 ? -steps : steps) * l->gamma[c] + l->beta[c], 0);
    }
  }
}`,
  },
  attention: {
    needs: ['bring'],
    code: `
typedef struct {
  const qat_rescale *scores, *shares, *rescale;
  const uint16_t *exponentials;
  int32_t reach, positions, features, heads, causal, share_zero, query_zero, key_zero, value_zero;
} qat_attention_op;

static void qat_attention(const qat_attention_op *a, const uint8_t *queries, const uint8_t *keys, const uint8_t *values,
                          uint8_t *y, int32_t *row) {
  const int32_t features = a->features, depth = features / a->heads;
  for (int32_t head = 0; head < a->heads; head++)
    for (int32_t i = 0; i < a->positions; i++) {
      const int32_t seen = a->causal ? i + 1 : a->positions, at = i * features + head * depth;
      int32_t largest = INT32_MIN;
      for (int32_t j = 0; j < seen; j++) {
        const uint8_t *key = keys + j * features + head * depth;
        int32_t sum = 0;
        for (int32_t d = 0; d < depth; d++) sum += (queries[at + d] - a->query_zero) * (key[d] - a->key_zero);
        row[j] = qat_bring(a->scores, sum, 0);
        if (row[j] > largest) largest = row[j];
      }
      uint32_t total = 0;
      for (int32_t j = 0; j < seen; j++) {
        const int32_t below = largest - row[j];
        row[j] = below < a->reach ? a->exponentials[below] : 0;
        total += (uint32_t)row[j];
      }
      for (int32_t j = 0; j < seen; j++)
        row[j] = qat_bring(a->shares, (int32_t)((((uint32_t)row[j] << 16) + (total >> 1)) / total), 0) - a->share_zero;
      for (int32_t d = 0; d < depth; d++) {
        int32_t sum = 0;
        for (int32_t j = 0; j < seen; j++) sum += row[j] * (values[j * features + head * depth + d] - a->value_zero);
        y[at + d] = (uint8_t)qat_bring(a->rescale, sum, 0);
      }
    }
}`,
  },
};
