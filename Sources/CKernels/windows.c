#include "CKernels.h"
#include "dispatch.h"
#include <string.h>

// Sixteen at a time, whatever the processor's width: the compiler splits it.
typedef float lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef float aligned_lanes __attribute__((vector_size(64), may_alias));
#define AT(p) (*(const lanes *)(p))
#define TO(p) (*(lanes *)(p))

CK_DISPATCH void ck_taps_f32(const float *x, const ptrdiff_t *offsets, ptrdiff_t taps, const float *w, ptrdiff_t rows,
                             ptrdiff_t w_stride, float *y, ptrdiff_t y_stride, ptrdiff_t n) {
  ptrdiff_t r = 0;
  // Eight sums stay in registers: enough to hide the latency of a multiply-add.
  for (; r + 4 <= rows; r += 4) {
    const float *wa = w + r * w_stride, *wb = wa + w_stride, *wc = wb + w_stride, *wd = wc + w_stride;
    for (ptrdiff_t i = 0; i < n; i += 32) {
      lanes a0 = {0}, a1 = {0}, b0 = {0}, b1 = {0}, c0 = {0}, c1 = {0}, d0 = {0}, d1 = {0};
      for (ptrdiff_t t = 0; t < taps; t++) {
        const float *s = x + offsets[t] + i;
        const lanes x0 = AT(s), x1 = AT(s + 16);
        a0 += wa[t] * x0;
        a1 += wa[t] * x1;
        b0 += wb[t] * x0;
        b1 += wb[t] * x1;
        c0 += wc[t] * x0;
        c1 += wc[t] * x1;
        d0 += wd[t] * x0;
        d1 += wd[t] * x1;
      }
      float *target = y + r * y_stride + i;
      TO(target) = a0;
      TO(target + 16) = a1;
      TO(target + y_stride) = b0;
      TO(target + y_stride + 16) = b1;
      TO(target + 2 * y_stride) = c0;
      TO(target + 2 * y_stride + 16) = c1;
      TO(target + 3 * y_stride) = d0;
      TO(target + 3 * y_stride + 16) = d1;
    }
  }
  for (; r < rows; r++) {
    for (ptrdiff_t i = 0; i < n; i += 64) {
      lanes a = {0}, b = {0}, c = {0}, d = {0};
      for (ptrdiff_t t = 0; t < taps; t++) {
        const float *s = x + offsets[t] + i, weight = w[r * w_stride + t];
        a += weight * AT(s);
        b += weight * AT(s + 16);
        c += weight * AT(s + 32);
        d += weight * AT(s + 48);
      }
      float *target = y + r * y_stride + i;
      TO(target) = a;
      TO(target + 16) = b;
      TO(target + 32) = c;
      TO(target + 48) = d;
    }
  }
}

CK_DISPATCH void ck_tap_dots_f32(const float *x, const ptrdiff_t *offsets, ptrdiff_t taps, const float *g, ptrdiff_t rows,
                                 ptrdiff_t g_stride, double *sums, ptrdiff_t n) {
  for (ptrdiff_t r = 0; r < rows; r += 2) {
    const int pair = r + 1 < rows;
    // A missing second row, or missing taps, repeat the last one; their sums are not stored.
    const float *ga = g + r * g_stride, *gb = pair ? ga + g_stride : ga;
    for (ptrdiff_t first = 0; first < taps; first += 4) {
      const ptrdiff_t count = taps - first < 4 ? taps - first : 4;
      const float *s[4];
      for (int k = 0; k < 4; k++) s[k] = x + offsets[first + (k < count ? k : count - 1)];
      lanes a[4] = {{0}, {0}, {0}, {0}}, b[4] = {{0}, {0}, {0}, {0}};
      for (ptrdiff_t i = 0; i < n; i += 16) {
        const lanes u = AT(ga + i), v = AT(gb + i);
        for (int k = 0; k < 4; k++) {
          const lanes value = AT(s[k] + i);
          a[k] += u * value;
          b[k] += v * value;
        }
      }
      for (ptrdiff_t k = 0; k < count; k++) {
        double sum = 0, second = 0;
        for (int l = 0; l < 16; l++) {
          sum += (double)a[k][l];
          second += (double)b[k][l];
        }
        sums[r * taps + first + k] += sum;
        if (pair) sums[(r + 1) * taps + first + k] += second;
      }
    }
  }
}

CK_DISPATCH void ck_copy_rows_f32(const float *x, ptrdiff_t stride, float *y, ptrdiff_t rows, ptrdiff_t columns, int stream) {
  if (stream && columns % 16 == 0 && (uintptr_t)y % sizeof(aligned_lanes) == 0) {
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t i = 0; i < columns; i += 16)
        __builtin_nontemporal_store((aligned_lanes)AT(x + r * stride + i), (aligned_lanes *)(y + r * columns + i));
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++) memcpy(y + r * columns, x + r * stride, (size_t)columns * sizeof *y);
}

void ck_stream_end(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
