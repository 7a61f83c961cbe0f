// Kernels of convolution, pooling and normalisation. Included by CKernels.h.
#pragma once
#include <stddef.h>
#include <stdint.h>

// y[r * y_stride + i] = sum over t of w[r * w_stride + t] * x[offsets[t] + i], r < rows, i < n. Reads and writes up to the next
// multiple of 64 above n.
void ck_taps_f32(const float *x, const ptrdiff_t *offsets, ptrdiff_t taps, const float *w, ptrdiff_t rows, ptrdiff_t w_stride,
                 float *y, ptrdiff_t y_stride, ptrdiff_t n);

// sums[r * taps + t] += sum over i < n of g[r * g_stride + i] * x[offsets[t] + i]; n is a multiple of 16.
void ck_tap_dots_f32(const float *x, const ptrdiff_t *offsets, ptrdiff_t taps, const float *g, ptrdiff_t rows,
                     ptrdiff_t g_stride, double *sums, ptrdiff_t n);

// Rows that stand `stride` apart, one after the other. `stream`: past the caches where alignment allows it, for results that
// are larger than any cache; ck_stream_end() before another thread reads them.
void ck_copy_rows_f32(const float *x, ptrdiff_t stride, float *y, ptrdiff_t rows, ptrdiff_t columns, int stream);
void ck_stream_end(void);

#define CK_DECLARE_LAYERS(T, S)                                                                                            \
  /* pooling: see pool.inc */                                                                                              \
  int ck_row_maxima_##S(const T *x, ptrdiff_t rows, ptrdiff_t step, int32_t first, T *best, int32_t *place, ptrdiff_t n);  \
  void ck_window_maxima_##S(const T *line, const int32_t *places, ptrdiff_t count, ptrdiff_t dilation, ptrdiff_t stride,   \
                            T *best, int32_t *place, ptrdiff_t n);                                                         \
  void ck_row_sums_##S(const T *x, ptrdiff_t rows, ptrdiff_t step, T *line, ptrdiff_t n);                                  \
  void ck_window_means_##S(const T *line, ptrdiff_t count, ptrdiff_t stride, T divisor, const T *divisors, T *y,           \
                           ptrdiff_t n);                                                                                   \
  void ck_window_spread_##S(const T *g, ptrdiff_t count, ptrdiff_t stride, T divisor, const T *divisors, T *share,         \
                            T *line, ptrdiff_t n);                                                                         \
  /* normalisation: see normalise.inc */                                                                                   \
  void ck_moments_##S(const T *a, double center, double *sums, ptrdiff_t n);                                               \
  void ck_sum_and_dot_##S(const T *a, const T *b, double *sums, ptrdiff_t n);                                              \
  void ck_standardize_##S(T center, T scale, T shift, const T *x, T *y, ptrdiff_t n);                                      \
  void ck_combine_##S(T a, const T *u, T b, const T *v, T c, T *y, ptrdiff_t n);
CK_DECLARE_LAYERS(float, f32)
CK_DECLARE_LAYERS(double, f64)
#undef CK_DECLARE_LAYERS
