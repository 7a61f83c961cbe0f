// Kernels of convolution and pooling. Included by CKernels.h.
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
