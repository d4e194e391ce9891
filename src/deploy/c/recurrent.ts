/** The C functions of recurrent layers; see ../ops/gru.ts and ../ops/lstm.ts for what they compute. */
import type { CFunction, RecurrentFunction } from './function';

export const recurrentFunctions: Record<RecurrentFunction, CFunction> = {
  bring: {
    needs: ['rescale'],
    code: `
/* One number, or the sum of two, brought to another grid. */
static int32_t qat_bring(const qat_rescale *by, int32_t v, int32_t w) {
  int64_t sum = (int64_t)v * by->first[0];
  if (by->second) sum += (int64_t)w * by->second[0];
  return qat_finish(by, 0, sum);
}

/* A curve at a code from -32768 to 32767: on the line between two points, 256 codes apart, rounded half to even. */
static inline int32_t qat_curve(const int16_t *points, int32_t code) {
  const int32_t at = (code + 32768) >> 8, rise = (points[at + 1] - points[at]) * ((code + 32768) & 255);
  return points[at] + ((rise + 127 + ((rise >> 8) & 1)) >> 8);
}`,
  },
  recurrent: {
    needs: ['dense', 'bring'],
    code: `
/* Both products give steps of 2^-12 of the gates' arguments; worth: each gate's q in steps of 2^-12. */
typedef struct {
  const qat_product *inputs, *state;
  const qat_rescale *sigmoid;
  const int16_t *worth;
  int32_t positions, features, units, sequence, zero;
} qat_recurrent;

/* The parts of the gates at position t, the input's first. Returns where the next state goes, and before: the one before. */
static uint8_t *qat_parts(const qat_recurrent *r, int32_t gates, int32_t t, const uint8_t *x, uint8_t *y, int32_t *parts,
                          const uint8_t **before) {
  uint8_t *after = r->sequence ? y + t * r->units : y;
  *before = r->sequence && t > 0 ? after - r->units : after;
  if (t == 0)
    for (int32_t j = 0; j < r->units; j++) y[j] = (uint8_t)r->zero;
  qat_dense(r->inputs, x + t * r->features, parts, 1, r->features, gates * r->units);
  qat_dense(r->state, *before, parts + gates * r->units, 1, r->units, gates * r->units);
  return after;
}`,
  },
  gru: {
    needs: ['recurrent'],
    code: `
typedef struct {
  const qat_recurrent *common;
  const qat_rescale *codes;
  const int16_t *reset;
  const qat_rescale *candidate, *rescale;
} qat_gru_cell;

static void qat_gru(const qat_gru_cell *g, const uint8_t *x, uint8_t *y, int32_t *parts) {
  const qat_recurrent *c = g->common;
  const int32_t units = c->units;
  for (int32_t t = 0; t < c->positions; t++) {
    const uint8_t *before;
    uint8_t *after = qat_parts(c, 3, t, x, y, parts, &before);
    for (int32_t j = 0; j < units; j++) {
      const int32_t *a = parts + j, *b = parts + 3 * units + j;
      const int32_t r = qat_curve(g->reset, qat_bring(g->codes, a[0], b[0]));
      const int32_t z = c->worth[qat_bring(c->sigmoid, a[units], b[units])];
      const int32_t n = c->worth[qat_bring(g->candidate, a[2 * units] * 8192 + r * b[2 * units], 0)];
      after[j] = (uint8_t)qat_bring(g->rescale, (4096 - z) * n, z * (before[j] - c->zero));
    }
  }
}`,
  },
  lstm: {
    needs: ['recurrent'],
    code: `
typedef struct {
  const qat_recurrent *common;
  const qat_rescale *candidate, *cell, *codes;
  const int16_t *squashed;
  const qat_rescale *rescale;
} qat_lstm_cell;

static void qat_lstm(const qat_lstm_cell *l, const uint8_t *x, uint8_t *y, int32_t *parts) {
  const qat_recurrent *c = l->common;
  const int32_t units = c->units;
  int32_t *cells = parts + 8 * units;
  for (int32_t j = 0; j < units; j++) cells[j] = 0;
  for (int32_t t = 0; t < c->positions; t++) {
    const uint8_t *before;
    uint8_t *after = qat_parts(c, 4, t, x, y, parts, &before);
    for (int32_t j = 0; j < units; j++) {
      const int32_t *a = parts + j, *b = parts + 4 * units + j;
      const int32_t in = c->worth[qat_bring(c->sigmoid, a[0], b[0])];
      const int32_t kept = c->worth[qat_bring(c->sigmoid, a[units], b[units])];
      const int32_t fresh = c->worth[qat_bring(l->candidate, a[2 * units], b[2 * units])];
      const int32_t out = c->worth[qat_bring(c->sigmoid, a[3 * units], b[3 * units])];
      cells[j] = qat_bring(l->cell, kept * cells[j] + in * fresh, 0);
      after[j] = (uint8_t)qat_bring(l->rescale, out * qat_curve(l->squashed, qat_bring(l->codes, cells[j], 0)), 0);
    }
  }
}`,
  },
};
