#include "CKernels.h"
#include "dispatch.h"

// x Φ(x). Φ(v) − ½ is v times a polynomial of v², a minimax fit for |v| ≤ 5.3 in t = 2 v²/5.3² − 1; beyond, Φ is 0 or 1 to less than
// half a unit in the last place. Below −5.3 the factor x is held too, so that −∞ gives no NaN.
enum { TERMS = 15 };
static const float c[TERMS] = {2.928116903e-04f,  -7.725833581e-04f, 7.055344391e-04f,  -1.073412089e-03f, 3.164434832e-03f,
                               -5.873632348e-03f, 8.812347633e-03f,  -1.317328842e-02f, 1.893003661e-02f,  -2.530125000e-02f,
                               3.207901533e-02f,  -3.958863105e-02f, 4.926418424e-02f,  -6.651851434e-02f, 1.333925625e-01f};
static const float limit = 5.3f;

CK_DISPATCH void ck_gelu_short_f32(float *x, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) {
    const float held = x[i] < -limit ? -limit : x[i];
    const float v = held > limit ? limit : held;
    const float t = v * v * (2 / (5.3f * 5.3f)) - 1;
    float p = c[0];
    for (int k = 1; k < TERMS; k++) p = p * t + c[k];
    x[i] = held * (p * v + 0.5f);
  }
}

typedef float lanes __attribute__((vector_size(64), aligned(4)));
typedef int bits __attribute__((vector_size(64), aligned(4)));

// The same of some vectors side by side, added to a sum: one polynomial alone would wait for itself. What is left of a comparison
// with NaN is NaN.
CK_INLINE void add_gelu(int n, const float *x, lanes *sum) {
  lanes held[4], v[4], t[4], p[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < n; i++) {
    const lanes given = *(const lanes *)(x + 16 * i), bound = (lanes){0} + limit;
    const bits isLow = given < -limit;
    held[i] = (lanes)(((bits)given & ~isLow) | ((bits)-bound & isLow));
    const bits isHigh = held[i] > limit;
    v[i] = (lanes)(((bits)held[i] & ~isHigh) | ((bits)bound & isHigh));
    t[i] = v[i] * v[i] * (2 / (5.3f * 5.3f)) - 1;
    p[i] = (lanes){0} + c[0];
  }
#pragma clang loop unroll(full)
  for (int k = 1; k < TERMS; k++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < n; i++) p[i] = p[i] * t[i] + c[k];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < n; i++) *sum += held[i] * (p[i] * v[i] + 0.5f);
}

CK_DISPATCH void ck_gelu_average_f32(const float *x, ptrdiff_t planes, ptrdiff_t h, ptrdiff_t w, ptrdiff_t rows, ptrdiff_t columns,
                                     ptrdiff_t kh, ptrdiff_t kw, float *y) {
  const float scale = 1 / (float)(kh * kw);
  for (ptrdiff_t plane = 0; plane < planes; plane++, x += h * w * 16) {
    for (ptrdiff_t row = 0; row < rows; row++) {
      for (ptrdiff_t column = 0; column < columns; column++, y += 16) {
        lanes sum = {0};
        for (ptrdiff_t i = 0; i < kh; i++) {
          const float *from = x + ((row * kh + i) * w + column * kw) * 16;
          ptrdiff_t left = kw;
          for (; left >= 4; left -= 4, from += 4 * 16) add_gelu(4, from, &sum);
          for (; left >= 2; left -= 2, from += 2 * 16) add_gelu(2, from, &sum);
          if (left > 0) add_gelu(1, from, &sum);
        }
        *(lanes *)y = sum * scale;
      }
    }
  }
}

CK_DISPATCH void ck_keep_signs_f32(const float *x, uint8_t *isPositive, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) isPositive[i] = x[i] > 0;
}

CK_DISPATCH void ck_mask_f32(const uint8_t *isPositive, float *x, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) x[i] = isPositive[i] ? x[i] : 0;
}

CK_DISPATCH void ck_interleave_f32(const float *x, ptrdiff_t parts, ptrdiff_t channels, ptrdiff_t h, ptrdiff_t w, float *y,
                                   ptrdiff_t rows, ptrdiff_t columns) {
  ptrdiff_t s = 1;
  while (s * s < parts) s++;
  for (ptrdiff_t c = 0; c < channels; c++) {
    for (ptrdiff_t row = 0; row < rows; row++) {
      float *target = y + (c * rows + row) * columns;
      for (ptrdiff_t j = 0; j < s; j++) {
        const float *source = x + (((c * s + row % s) * s + j) * h + row / s) * w;
        for (ptrdiff_t b = 0; b * s + j < columns; b++) target[b * s + j] = source[b];
      }
    }
  }
}
