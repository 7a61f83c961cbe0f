// Branch-free exponentials that vectorise. libm's are accurate to half a unit in the last place but scalar;
// these stay within 1.1 and give 0, infinity and NaN where libm does.
#pragma once
#include "dispatch.h"
#include <stdint.h>
#include <string.h>

CK_INLINE float ck_exp_f32(float x) {
  // Beyond these bounds the result is 0 or infinity in any case. NaN fails both comparisons and passes through.
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  float shifted = x * 1.44269504088896341f + magic;
  float n = shifted - magic;
  float r = x - n * 0.693359375f;
  r = r - n * -2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  // 2^n in two halves, so that neither half leaves the exponent range (subnormal results stay right).
  int32_t bits;
  memcpy(&bits, &shifted, 4);
  int32_t k = bits - 0x4B400000;
  int32_t half = k >> 1;
  uint32_t a = (uint32_t)(half + 127) << 23, b = (uint32_t)(k - half + 127) << 23;
  float fa, fb;
  memcpy(&fa, &a, 4);
  memcpy(&fb, &b, 4);
  return p * fa * fb;
}

CK_INLINE double ck_exp_f64(double x) {
  x = x < -746.0 ? -746.0 : x;
  x = x > 710.0 ? 710.0 : x;
  const double magic = 6755399441055744.0;  // 1.5 * 2^52
  double shifted = x * 1.4426950408889634074 + magic;
  double n = shifted - magic;
  double r = x - n * 6.93147180369123816490e-01;
  r = r - n * 1.90821492927058770002e-10;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r * r + r + 1.0;
  int64_t bits;
  memcpy(&bits, &shifted, 8);
  int64_t k = bits - 0x4338000000000000;
  int64_t half = k >> 1;
  uint64_t a = (uint64_t)(half + 1023) << 52, b = (uint64_t)(k - half + 1023) << 52;
  double fa, fb;
  memcpy(&fa, &a, 8);
  memcpy(&fb, &b, 8);
  return p * fa * fb;
}
