// Hot loops. Each is written once and compiled for several instruction sets; the dynamic linker picks the
// variant that the processor has (`CK_DISPATCH`), so that no unsafe compiler flag is needed.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "Windows.h"
#include "Winograd.h"

// Largest errors, in units in the last place of a normal result (tested against long double by KernelAccuracyTests):
//
//              float  double                  float  double                  float  double
//   exp          1.1     1.1      log           0.51    1        expm1         0.51    2
//   log1p        0.51    1.5      tanh          0.51    2.5      sigmoid       2.5     2.5
//   silu         3       3        softplus      1.5     2        erf           0.51    2
//   gelu         0.51   10        power         2       1        sqrt          0.5     0.5
//
// sin, cos and the general power of doubles are libm's. gelu and silu of minus infinity are their limit, 0.
enum ck_unary {
  CK_NEGATE, CK_ABS, CK_SIGN, CK_EXP, CK_LOG, CK_SQRT, CK_RECIPROCAL, CK_SQUARE, CK_SIN, CK_COS,
  CK_TANH, CK_SIGMOID, CK_RELU, CK_STEP, CK_ERF, CK_GELU, CK_SILU, CK_SOFTPLUS, CK_LOG1P, CK_EXPM1, CK_FLOOR
};
enum ck_binary { CK_ADD, CK_SUBTRACT, CK_MULTIPLY, CK_DIVIDE, CK_MAXIMUM, CK_MINIMUM, CK_POWER, CK_SHARE };
enum ck_comparison { CK_LESS, CK_LESS_EQUAL, CK_GREATER, CK_GREATER_EQUAL, CK_EQUAL, CK_NOT_EQUAL };
enum ck_softmax { CK_SOFTMAX, CK_LOG_SOFTMAX, CK_LOG_SUM_EXP };
enum ck_reduction { CK_SUM, CK_MAX, CK_MIN, CK_PRODUCT };

// Strides count elements; a stride of 0 repeats one element.
#define CK_DECLARE(T, S)                                                                                          \
  void ck_map_##S(enum ck_unary op, const T *x, T *y, ptrdiff_t n);                                               \
  void ck_affine_##S(T scale, T shift, const T *x, T *y, ptrdiff_t n);                                            \
  void ck_power_##S(T exponent, const T *x, T *y, ptrdiff_t n);                                                   \
  void ck_zip_##S(enum ck_binary op, const T *a, ptrdiff_t sa, const T *b, ptrdiff_t sb, T *y, ptrdiff_t n);      \
  void ck_compare_##S(enum ck_comparison op, const T *a, ptrdiff_t sa, const T *b, ptrdiff_t sb, uint8_t *y,      \
                      ptrdiff_t n);                                                                               \
  void ck_select_##S(const uint8_t *c, ptrdiff_t sc, const T *a, ptrdiff_t sa, const T *b, ptrdiff_t sb, T *y,    \
                     ptrdiff_t n);                                                                                \
  /* y[c] = reduction over r < n of x[r * stride + c], c < columns; sums and products in double */                \
  void ck_reduce_##S(enum ck_reduction op, const T *x, T *y, ptrdiff_t n, ptrdiff_t stride, ptrdiff_t columns);   \
  /* the same for one contiguous run, returned in double */                                                       \
  double ck_reduce_run_##S(enum ck_reduction op, const T *x, ptrdiff_t n);                                        \
  /* y = exp(x) / sum exp(x) for each of `rows` runs of n elements, or its logarithm; y may not overlap x */          \
  void ck_softmax_##S(int logarithm, const T *x, T *y, ptrdiff_t rows, ptrdiff_t n);                              \
  /* y[r] = log sum exp(x) of run r; -inf for an empty run and one of nothing but -inf */                         \
  void ck_log_sum_exp_##S(const T *x, T *y, ptrdiff_t rows, ptrdiff_t n);                                         \
  void ck_softmax_columns_##S(enum ck_softmax kind, const T *x, T *y, ptrdiff_t n, ptrdiff_t stride,              \
                              ptrdiff_t columns);                                                                 \
  void ck_softmax_cotangent_##S(const T *y, const T *g, T *z, ptrdiff_t rows, ptrdiff_t n);                       \
  /* y += A x for some rows of the upper triangle of a symmetric n x n matrix, and for the same columns below it */  \
  void ck_symmetric_rows_##S(const T *a, ptrdiff_t ld, ptrdiff_t first, ptrdiff_t last, ptrdiff_t n, const T *x,  \
                             T *y);                                                                               \
  double ck_dot_##S(const T *a, const T *b, ptrdiff_t n);                                                         \
  /* y += alpha x */                                                                                              \
  void ck_axpy_##S(T alpha, const T *x, T *y, ptrdiff_t n);

// What a squared distance becomes: the affinity, its derivative by the squared distance, and that by the logarithm of its width.
enum ck_affinity_entry { CK_GAUSSIAN, CK_GAUSSIAN_WIDTH, CK_COSINE, CK_COSINE_SLOPE, CK_COSINE_WIDTH };

// Kernels of the affinity and of its derivative; matrices are row-major and contiguous.
#define CK_DECLARE_SPECTRAL(T, S)                                                                                 \
  void ck_squared_distances_##S(const T *a, const T *aNorm, ptrdiff_t rows, const T *b, const T *bNorm,            \
                                ptrdiff_t columns, ptrdiff_t d, T threshold, T *d2);                              \
  void ck_affinity_##S(enum ck_affinity_entry entry, T factor, T *x, ptrdiff_t n);                                \
  void ck_transpose_##S(const T *x, ptrdiff_t rows, ptrdiff_t columns, T *y);                                     \
  void ck_column_dots_##S(const T *a, const T *b, ptrdiff_t rows, ptrdiff_t columns, double *sums);               \
  void ck_column_scale_##S(const double *factor, T *x, ptrdiff_t rows, ptrdiff_t columns);                        \
  void ck_largest_columns_##S(const T *x, ptrdiff_t rows, ptrdiff_t columns, T tolerance, ptrdiff_t *best);         \
  double ck_affinity_cotangent_##S(T s, const T *sColumn, T d, const T *dColumn, const T *w, T *b, ptrdiff_t n);  \
  void ck_accumulate_##S(const T *x, double *y, ptrdiff_t n);                                                     \
  void ck_block_product_##S(const T *w, ptrdiff_t ld, const double *x, ptrdiff_t rows, ptrdiff_t n, double *y);   \
  void ck_tall_product_##S(const T *a, ptrdiff_t lda, const T *x, ptrdiff_t rows, ptrdiff_t n, T alpha, T beta,    \
                           T *c, ptrdiff_t ldc, ptrdiff_t width);                                                 \
  void ck_tall_inner_##S(const T *a, ptrdiff_t lda, const T *x, ptrdiff_t rows, ptrdiff_t m, T *c);                \
  void ck_histogram_##S(const T *x, ptrdiff_t n, int shift, uint64_t prefix, uint64_t *counts);
CK_DECLARE_SPECTRAL(float, f32)
CK_DECLARE_SPECTRAL(double, f64)
#undef CK_DECLARE_SPECTRAL
void ck_panel_product_f32(const float *w, ptrdiff_t ld, const float *x, ptrdiff_t rows, ptrdiff_t n, double *y);

CK_DECLARE(float, f32)
CK_DECLARE(double, f64)
#undef CK_DECLARE

void ck_copy_strided_1(const uint8_t *x, ptrdiff_t sx, uint8_t *y, ptrdiff_t n);
void ck_copy_strided_4(const uint32_t *x, ptrdiff_t sx, uint32_t *y, ptrdiff_t n);
void ck_copy_strided_8(const uint64_t *x, ptrdiff_t sx, uint64_t *y, ptrdiff_t n);

// A channel's contribution taken from a convolution; see stem.c.
void ck_subtract_channel_f32(const float *d, const float *k, const float *y, float *out, ptrdiff_t outputs, ptrdiff_t rows,
                             ptrdiff_t columns, ptrdiff_t kernelRows, ptrdiff_t kernelColumns, int rectified);

// Observations that one call of the ablation sweep carries side by side; see ablation.c.
enum { CK_ABLATION_LANES = 64 };
void ck_ablation_sweep(const double *delta, const double *weights, const int32_t *order, ptrdiff_t features, ptrdiff_t rows,
                       const uint8_t *firstWins, double *excess, int32_t *right);

// What an inference plan does where it has just written. gelu to 2e-7 max(1, |x|), all in float; NaN stays NaN.
void ck_gelu_short_f32(float *x, ptrdiff_t n);
// The means of gelu(x) over rows x columns windows of kh x kw that lie side by side from the first place on; x: [planes, h, w, 16].
void ck_gelu_average_f32(const float *x, ptrdiff_t planes, ptrdiff_t h, ptrdiff_t w, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t kh,
                         ptrdiff_t kw, float *y);
void ck_keep_signs_f32(const float *x, uint8_t *isPositive, ptrdiff_t n);
void ck_mask_f32(const uint8_t *isPositive, float *x, ptrdiff_t n);
// y[c][a s + i][b s + j] = x[(c s + i) s + j][a][b], as far as y (channels x rows x columns) reaches; parts = s², x has h x w.
void ck_interleave_f32(const float *x, ptrdiff_t parts, ptrdiff_t channels, ptrdiff_t h, ptrdiff_t w, float *y, ptrdiff_t rows,
                       ptrdiff_t columns);

// The instruction set that the dispatched kernels use here: "x86-64-v4", "x86-64-v3" or "baseline".
const char *ck_instruction_set(void);

// Whether this build is checked by the address sanitiser.
int ck_address_is_sanitized(void);
