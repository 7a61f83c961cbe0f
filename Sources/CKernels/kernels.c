#include "CKernels.h"
#include "dispatch.h"
#include "functions.h"

// Loops are asked to vectorise; those that call libm, or read with a stride, cannot.
#pragma clang diagnostic ignored "-Wpass-failed"

#define T float
#define S f32
#define F(name) name##f
#define EXP ck_exp_f32
#include "elementwise.inc"
#include "reduce.inc"
#include "pool.inc"
#include "normalise.inc"
#include "spectral.inc"
#include "block_product.inc"
#include "tall_product.inc"
#include "symmetric.inc"
#include "softmax.inc"
#undef T
#undef S
#undef F
#undef EXP

#define T double
#define S f64
#define F(name) name
#define EXP ck_exp_f64
#include "elementwise.inc"
#include "reduce.inc"
#include "pool.inc"
#include "normalise.inc"
#include "spectral.inc"
#include "block_product.inc"
#include "tall_product.inc"
#include "symmetric.inc"
#include "softmax.inc"
#undef T
#undef S
#undef F
#undef EXP

#include "panel_product.inc"

#define COPY(BYTES, T)                                                                     \
  CK_DISPATCH void ck_copy_strided_##BYTES(const T *x, ptrdiff_t sx, T *y, ptrdiff_t n) {  \
    for (ptrdiff_t i = 0; i < n; i++) y[i] = x[i * sx];                                    \
  }
COPY(1, uint8_t)
COPY(4, uint32_t)
COPY(8, uint64_t)

const char *ck_instruction_set(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return "x86-64-v4";
  if (__builtin_cpu_supports("x86-64-v3")) return "x86-64-v3";
#endif
  return "baseline";
}

// Counts non-zero, non-negative values by 16 bits of their pattern, among those whose higher bits equal `prefix`.
void ck_histogram_f32(const float *x, ptrdiff_t n, int shift, uint64_t prefix, uint64_t *counts) {
  for (ptrdiff_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    if (bits != 0 && (uint64_t)bits >> (shift + 16) == prefix) counts[bits >> shift & 0xFFFF]++;
  }
}

void ck_histogram_f64(const double *x, ptrdiff_t n, int shift, uint64_t prefix, uint64_t *counts) {
  for (ptrdiff_t i = 0; i < n; i++) {
    uint64_t bits;
    memcpy(&bits, x + i, 8);
    if (bits != 0 && (shift == 48 ? 0 : bits >> (shift + 16)) == prefix) counts[bits >> shift & 0xFFFF]++;
  }
}

int ck_address_is_sanitized(void) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  return 1;
#endif
#endif
  return 0;
}
