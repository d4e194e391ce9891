/** The C functions that exported networks call, each printed where it is needed. C99, integers only, no library but <stdint.h>. */
import type { CFunction, FunctionName } from './function';
import { recurrentFunctions } from './recurrent';
import { sequenceFunctions } from './sequences';

export const cFunctions: Record<FunctionName, CFunction> = {
  ...recurrentFunctions,
  ...sequenceFunctions,
  rescale: {
    needs: [],
    code: `
/*
 * Factors by channel (step 1) or one for all (step 0): q = clamp(zero + round(sum * factor / 2^shift), low, high). With
 * steps, q is a code from -32768 to 32767, and a function of it follows: levels[i] from code starts[i] on.
 */
typedef struct {
  const int16_t *starts;
  const uint8_t *levels;
  int32_t count;
} qat_steps;

typedef struct {
  const int32_t *first, *second;
  const uint8_t *shift;
  const qat_steps *steps;
  int32_t step, zero, low, high;
} qat_rescale;

static int32_t qat_level(const qat_steps *s, int32_t code) {
  int32_t from = 0;
  for (int32_t to = s->count; to - from > 1;) {
    const int32_t middle = (from + to) >> 1;
    if (s->starts[middle] <= code) from = middle;
    else to = middle;
  }
  return s->levels[from];
}

/* v / 2^shift, rounded once, half to even. Needs >> of negative numbers to keep the sign, as every usual compiler does. */
static int32_t qat_finish(const qat_rescale *by, int32_t c, int64_t v) {
  const int32_t shift = by->shift[c];
  int64_t q = (v + (((int64_t)1 << (shift - 1)) - 1) + ((v >> shift) & 1)) >> shift;
  q += by->zero;
  q = q < by->low ? by->low : q > by->high ? by->high : q;
  return by->steps ? qat_level(by->steps, (int32_t)q) : (int32_t)q;
}`,
  },
  store: {
    needs: [],
    code: `
static void qat_store(void *y, int32_t wide, int32_t i, int32_t q) {
  if (wide) ((int32_t *)y)[i] = q;
  else ((uint8_t *)y)[i] = (uint8_t)q;
}`,
  },
  load: {
    needs: [],
    code: `
static int32_t qat_load(const void *x, int32_t wide, int32_t i) {
  return wide ? ((const int32_t *)x)[i] : ((const uint8_t *)x)[i];
}`,
  },
  weight: {
    needs: [],
    code: `
/* Weight i of those packed at so many bits, the first in the lowest bits; odd: code c means 2c - (2^bits - 1). */
static int32_t qat_weight(const uint8_t *packed, uint32_t i, int32_t bits, int32_t odd) {
  const uint32_t at = i * (uint32_t)bits, from = at & 7;
  const int32_t most = (1 << bits) - 1, half = 1 << (bits - 1);
  uint32_t code = (uint32_t)packed[at >> 3] >> from;
  if (from + (uint32_t)bits > 8) code |= (uint32_t)packed[(at >> 3) + 1] << (8 - from);
  code &= (uint32_t)most;
  return odd ? 2 * (int32_t)code - most : ((int32_t)code ^ half) - half;
}`,
  },
  product: {
    needs: ['rescale', 'store', 'weight'],
    code: `
/* A product with packed weights. Without rescaling (rescales 0) the int32 sums are the output. */
typedef struct {
  const uint8_t *weights;
  const int32_t *bias;
  qat_rescale rescale;
  int32_t bits, odd, zero, rescales, wide;
} qat_product;

static void qat_put(const qat_product *p, void *y, int32_t i, int32_t c, int32_t sum) {
  sum += p->bias[c];
  if (p->rescales) {
    const int32_t at = c * p->rescale.step;
    sum = qat_finish(&p->rescale, at, (int64_t)sum * p->rescale.first[at]);
  }
  qat_store(y, p->wide, i, sum);
}`,
  },
  windows: {
    needs: [],
    code: `
typedef struct {
  int32_t height, width, channels, out_height, out_width;
  int32_t kernel[2], stride[2], pad[2];
} qat_windows;`,
  },
  dense: {
    needs: ['product'],
    code: `
static void qat_dense(const qat_product *p, const uint8_t *x, void *y, int32_t rows, int32_t features, int32_t units) {
  for (int32_t r = 0; r < rows; r++)
    for (int32_t o = 0; o < units; o++) {
      int32_t sum = 0;
      for (int32_t k = 0; k < features; k++)
        sum += (x[r * features + k] - p->zero) * qat_weight(p->weights, (uint32_t)(k * units + o), p->bits, p->odd);
      qat_put(p, y, r * units + o, o, sum);
    }
}`,
  },
  conv2d: {
    needs: ['product', 'windows'],
    code: `
static void qat_conv2d(const qat_product *p, const qat_windows *g, const uint8_t *x, void *y, int32_t filters) {
  for (int32_t i = 0; i < g->out_height; i++)
    for (int32_t j = 0; j < g->out_width; j++)
      for (int32_t o = 0; o < filters; o++) {
        int32_t sum = 0;
        for (int32_t u = 0; u < g->kernel[0]; u++) {
          const int32_t row = i * g->stride[0] - g->pad[0] + u;
          if (row < 0 || row >= g->height) continue;
          for (int32_t v = 0; v < g->kernel[1]; v++) {
            const int32_t column = j * g->stride[1] - g->pad[1] + v;
            if (column < 0 || column >= g->width) continue;
            const uint8_t *from = x + (row * g->width + column) * g->channels;
            const int32_t at = (u * g->kernel[1] + v) * g->channels;
            for (int32_t k = 0; k < g->channels; k++)
              sum += (from[k] - p->zero) * qat_weight(p->weights, (uint32_t)((at + k) * filters + o), p->bits, p->odd);
          }
        }
        qat_put(p, y, (i * g->out_width + j) * filters + o, o, sum);
      }
}`,
  },
  depthwise: {
    needs: ['product', 'windows'],
    code: `
static void qat_depthwise(const qat_product *p, const qat_windows *g, const uint8_t *x, void *y) {
  for (int32_t i = 0; i < g->out_height; i++)
    for (int32_t j = 0; j < g->out_width; j++)
      for (int32_t c = 0; c < g->channels; c++) {
        int32_t sum = 0;
        for (int32_t u = 0; u < g->kernel[0]; u++) {
          const int32_t row = i * g->stride[0] - g->pad[0] + u;
          if (row < 0 || row >= g->height) continue;
          for (int32_t v = 0; v < g->kernel[1]; v++) {
            const int32_t column = j * g->stride[1] - g->pad[1] + v;
            if (column < 0 || column >= g->width) continue;
            sum += (x[(row * g->width + column) * g->channels + c] - p->zero) *
                   qat_weight(p->weights, (uint32_t)((u * g->kernel[1] + v) * g->channels + c), p->bits, p->odd);
          }
        }
        qat_put(p, y, (i * g->out_width + j) * g->channels + c, c, sum);
      }
}`,
  },
  maxPool: {
    needs: ['windows'],
    code: `
static void qat_max_pool(const qat_windows *g, const uint8_t *x, uint8_t *y) {
  for (int32_t i = 0; i < g->out_height; i++)
    for (int32_t j = 0; j < g->out_width; j++)
      for (int32_t c = 0; c < g->channels; c++) {
        uint8_t most = 0;
        for (int32_t u = 0; u < g->kernel[0]; u++)
          for (int32_t v = 0; v < g->kernel[1]; v++) {
            const int32_t row = i * g->stride[0] + u, column = j * g->stride[1] + v;
            const uint8_t q = x[(row * g->width + column) * g->channels + c];
            if (q > most) most = q;
          }
        y[(i * g->out_width + j) * g->channels + c] = most;
      }
}`,
  },
  averagePool: {
    needs: ['windows', 'rescale', 'store'],
    code: `
static void qat_average_pool(const qat_windows *g, const qat_rescale *by, const uint8_t *x, int32_t zero, void *y,
                             int32_t wide) {
  for (int32_t i = 0; i < g->out_height; i++)
    for (int32_t j = 0; j < g->out_width; j++)
      for (int32_t c = 0; c < g->channels; c++) {
        int32_t sum = 0;
        for (int32_t u = 0; u < g->kernel[0]; u++)
          for (int32_t v = 0; v < g->kernel[1]; v++) {
            const int32_t row = i * g->stride[0] + u, column = j * g->stride[1] + v;
            sum += x[(row * g->width + column) * g->channels + c] - zero;
          }
        const int32_t at = c * by->step;
        qat_store(y, wide, (i * g->out_width + j) * g->channels + c,
                  qat_finish(by, at, (int64_t)sum * by->first[at]));
      }
}`,
  },
  add: {
    needs: ['rescale', 'store', 'load'],
    code: `
static void qat_add(const qat_rescale *by, const void *a, int32_t a_wide, int32_t a_zero, const void *b, int32_t b_wide,
                    int32_t b_zero, void *y, int32_t wide, int32_t count, int32_t channels) {
  for (int32_t i = 0; i < count; i++) {
    const int32_t at = (i % channels) * by->step;
    const int64_t v = (int64_t)(qat_load(a, a_wide, i) - a_zero) * by->first[at] +
                      (int64_t)(qat_load(b, b_wide, i) - b_zero) * by->second[at];
    qat_store(y, wide, i, qat_finish(by, at, v));
  }
}`,
  },
};

/** The code of these functions and of those that they call, each once, callees first. */
export function codeOf(names: readonly FunctionName[]): string {
  const done = new Set<FunctionName>();
  const visit = (name: FunctionName) => {
    if (done.has(name)) return;
    for (const needed of cFunctions[name].needs) visit(needed);
    done.add(name);
  };
  for (const name of names) visit(name);
  return [...done].map((name) => cFunctions[name].code.trim()).join('\n\n');
}
