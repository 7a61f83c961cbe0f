#include "CKernels.h"
#include "dispatch.h"
#include "exp.h"
#include <math.h>

#define T float
#define S f32
#define F(name) name##f
#define EXP ck_exp_f32
#include "elementwise.inc"
#include "reduce.inc"
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
#include "softmax.inc"
#undef T
#undef S
#undef F
#undef EXP

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
