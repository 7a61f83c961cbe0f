// Branch-free functions that vectorise, after exp.h; libm's are scalar. Bounds in CKernels.h, tested against long double.
// In float they run in double: twice the width, but short series suffice, and the only rounding that counts is the last.
#pragma once
#include "dispatch.h"
#include "exp.h"
#include <math.h>

// c[0] zⁿ⁻¹ + … + c[n - 1]; unrolled, for the trip count is constant wherever it is inlined.
CK_INLINE double ck_polynomial(const double *c, int n, double z) {
  double p = c[0];
  for (int i = 1; i < n; i++) p = p * z + c[i];
  return p;
}
#define CK_POLYNOMIAL(z, ...) ck_polynomial((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double), z)

CK_INLINE double ck_from_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, 8);
  return x;
}
CK_INLINE uint64_t ck_to_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  return bits;
}
CK_INLINE double ck_magnitude(double x) { return ck_from_bits(ck_to_bits(x) & 0x7FFFFFFFFFFFFFFF); }
// |x| with the sign of s
CK_INLINE double ck_signed(double x, double s) {
  return ck_from_bits((ck_to_bits(x) & 0x7FFFFFFFFFFFFFFF) | (ck_to_bits(s) & 0x8000000000000000));
}

// exp to 3e-10, for results in float: |x| up to 700.
CK_INLINE double ck_short_exp(double x) {
  const double shifted = x * 1.4426950408889634074 + 6755399441055744.0;
  const double n = shifted - 6755399441055744.0;
  const double r = x - n * 6.931471805599453094e-01;
  const double p = CK_POLYNOMIAL(r, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1);
  return p * ck_from_bits((ck_to_bits(shifted) - 0x4338000000000000 + 1023) << 52);
}

// x = 2^k m with m in [√½, √2); for normal x > 0.
CK_INLINE double ck_split(double x, double *k) {
  const uint64_t bits = ck_to_bits(x), sqrtHalf = 0x3FE6A09E667F3BCD;
  const uint64_t exponent = (bits - sqrtHalf) & 0xFFF0000000000000;
  // An integer in the low bits of 1.5 * 2^52; the shift must carry the sign.
  *k = ck_from_bits((uint64_t)((int64_t)exponent >> 52) + 0x4338000000000000) - 6755399441055744.0;
  return ck_from_bits(bits - exponent);
}

// What a logarithm gives where its argument is not a positive finite number.
CK_INLINE double ck_log_result(double y, double x) {
  y = x == 0 ? -__builtin_inf() : y;
  y = x < 0 ? __builtin_nan("") : y;
  return x < __builtin_inf() ? y : x;  // infinity and NaN
}

// ln to 2e-12, for results in float; x > 0 and normal
CK_INLINE double ck_short_log(double x) {
  double k;
  const double f = ck_split(x, &k) - 1, s = f / (2 + f);
  const double p = CK_POLYNOMIAL(s * s, 2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2);
  return k * 6.931471805599453094e-01 + s * p;
}

// As in fdlibm's e_log.c. `f` is what the reduced argument exceeds 1 by; x = 2^k (1 + f).
CK_INLINE double ck_log_reduced(double k, double f) {
  const double s = f / (2 + f), z = s * s, half = 0.5 * f * f;
  const double r = z * CK_POLYNOMIAL(z, 1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                                     2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                                     6.666666666666735130e-01);
  return k * 6.93147180369123816490e-01 - ((half - (s * (half + r) + k * 1.90821492927058770002e-10)) - f);
}

CK_INLINE double ck_log_f64(double x) {
  const int isSubnormal = x < 2.2250738585072014e-308;
  double k;
  const double m = ck_split(isSubnormal ? x * 18014398509481984.0 : x, &k);
  return ck_log_result(ck_log_reduced(isSubnormal ? k - 54 : k, m - 1), x);
}
CK_INLINE float ck_log_f32(float x) { return (float)ck_log_result(ck_short_log((double)x), (double)x); }

// ln(1 + x): the logarithm of u = 1 + x, corrected for what rounding u lost.
CK_INLINE double ck_log1p_f64(double x) {
  const double u = 1 + x;
  double k;
  const double m = ck_split(u, &k);
  const double y = ck_log_reduced(k, m - 1) - ((u - 1) - x) / u;
  return ck_magnitude(x) < 1e-17 ? x : ck_log_result(y, u);
}
CK_INLINE float ck_log1p_f32(float v) {
  const double x = (double)v, u = 1 + x;
  const double y = ck_short_log(u) - ((u - 1) - x) / u;
  return ck_magnitude(x) < 1e-9 ? v : (float)ck_log_result(y, u);
}

// eˣ − 1 = 2^k (eʳ − 1) + (2^k − 1), whose parts do not cancel. Not above 2^1023.
CK_INLINE double ck_expm1_f64(double x) {
  double v = x < -40.0 ? -40.0 : x;
  v = v > 710.0 ? 710.0 : v;
  const double shifted = v * 1.4426950408889634074 + 6755399441055744.0;
  const double n = shifted - 6755399441055744.0;
  const double high = v - n * 6.93147180369123816490e-01, low = n * 1.90821492927058770002e-10;
  const double r = high - low, rest = (high - r) - low;
  const double q = CK_POLYNOMIAL(r, 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
  const double p = r + (rest + r * r * q);
  // 2^k in two factors, so that none leaves the range of exponents: 2^b (2^a p + (2^a − 2^−b)).
  const int64_t k = (int64_t)(ck_to_bits(shifted) - 0x4338000000000000), b = k >> 1, a = k - b;
  const double fa = ck_from_bits((uint64_t)(a + 1023) << 52), fb = ck_from_bits((uint64_t)(b + 1023) << 52);
  const double inverse = ck_from_bits((uint64_t)(1023 - b) << 52);
  return x == 0 ? x : fb * (fa * p + (fa - inverse));
}
// The same to 1e-9, for results in float: x from −40 to 700
CK_INLINE double ck_short_expm1(double x) {
  const double shifted = x * 1.4426950408889634074 + 6755399441055744.0;
  const double n = shifted - 6755399441055744.0;
  const double r = x - n * 6.931471805599453094e-01;
  const double p = r * CK_POLYNOMIAL(r, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1);
  const double power = ck_from_bits((ck_to_bits(shifted) - 0x4338000000000000 + 1023) << 52);
  return x == 0 ? x : power * p + (power - 1);
}
CK_INLINE float ck_expm1_f32(float x) {
  double v = (double)x;
  v = v < -40.0 ? -40.0 : v;
  v = v > 90.0 ? 90.0 : v;
  return (float)ck_short_expm1(v);
}

// tanh |x| = m/(m + 2) for m = e^2|x| − 1, which does not cancel.
CK_INLINE double ck_tanh_f64(double x) {
  double a = 2 * ck_magnitude(x);
  a = a > 44.0 ? 44.0 : a;
  const double m = ck_expm1_f64(a);
  return ck_signed(m / (m + 2), x);
}
CK_INLINE float ck_tanh_f32(float x) {
  double a = 2 * ck_magnitude((double)x);
  a = a > 44.0 ? 44.0 : a;
  const double m = ck_short_expm1(a);
  return (float)ck_signed(m / (m + 2), (double)x);
}

CK_INLINE float ck_sigmoid_f32(float x) { return 1 / (1 + ck_exp_f32(-x)); }
CK_INLINE double ck_sigmoid_f64(double x) { return 1 / (1 + ck_exp_f64(-x)); }
// From −∞ it comes back to 0.
CK_INLINE float ck_silu_f32(float x) { return (x < -200.0f ? -200.0f : x) * ck_sigmoid_f32(x); }
CK_INLINE double ck_silu_f64(double x) { return (x < -1000.0 ? -1000.0 : x) * ck_sigmoid_f64(x); }

// max(x, 0) + ln(1 + e^−|x|)
CK_INLINE float ck_softplus_f32(float x) {
  const float a = x < 0 ? x : -x;
  return (x < 0 ? 0 : x) + ck_log1p_f32(ck_exp_f32(a));
}
CK_INLINE double ck_softplus_f64(double x) {
  const double a = x < 0 ? x : -x;
  return (x < 0 ? 0 : x) + ck_log1p_f64(ck_exp_f64(a));
}

// erf(a)/a as a polynomial of a² for 0 ≤ a ≤ 1, and (1 + 2a) e^a² erfc(a) as one of (a − 3)/(a + 3) for larger a: minimax fits,
// the first of each pair to 4e-10 up to 10.5 (where erfc leaves the range of float), the second to 3e-18 up to 27.5.
CK_INLINE double ck_short_erf_ratio(double z) {
  return CK_POLYNOMIAL(z, -9.6670445714869964152e-6, 0.00011265959025606608973, -0.00084840804055351062944,
                       0.0052210318078580227973, -0.026865430727670242894, 0.1128378249523684454, -0.37612638468028710398,
                       1.1283791670615434152);
}
CK_INLINE double ck_erf_ratio(double z) {
  return CK_POLYNOMIAL(z, 5.9571761477489114044e-11, -1.137284885679167367e-9, 1.4659775274047435814e-8,
                       -1.6350312701054695011e-7, 1.6461000484121368033e-6, -0.000014925595266831181565,
                       0.00012055331111642710923, -0.00085483269808337899052, 0.0052239776248180144673,
                       -0.026866170645076793248, 0.11283791670954878666, -0.37612638903183748056, 1.1283791670955125738);
}
CK_INLINE double ck_short_erfc_scaled(double a) {
  return CK_POLYNOMIAL((a - 3) / (a + 3), -0.00072223919053938002851, 0.0018239171715749912173, 0.0025225282748425610747,
                       -0.023756353942032652555, 0.068307762919624266697, -0.1192749331881833056, 0.12964522970967307018,
                       -0.04756225437510307769, -0.13562110803294508918, 1.2530080580677860786) / (1 + 2 * a);
}
CK_INLINE double ck_erfc_scaled(double a) {
  return CK_POLYNOMIAL((a - 3) / (a + 3), -3.2215454126896158554e-8, 1.6922104311629108192e-7, -1.0425332375933420414e-7,
                       -6.9809191986605084572e-7, 3.6836704808856350326e-7, 3.5094950466434919537e-6,
                       -7.4586708224178182632e-7, -0.000020109199475872424394, 4.9544784251057554665e-6,
                       0.00012510044378773126282, -0.00010516070283555894298, -0.0007798323430030741702,
                       0.0018886904523699018959, 0.0025293918178601756295, -0.02377051492403121957,
                       0.068308027343988030022, -0.11927366341515207376, 0.12964515870276009792,
                       -0.047562294353452513774, -0.13562110612458117558, 1.2530080582697296553) / (1 + 2 * a);
}

// e^(−scale·a²) without the rounding of a², which e magnifies: a is split, and the square of its upper half is exact.
CK_INLINE double ck_exp_of_square(double scale, double a) {
  const double high = ck_from_bits(ck_to_bits(a) & 0xFFFFFFFFF8000000);
  const double d = scale * ((a - high) * (a + high));
  return ck_exp_f64(-scale * (high * high)) * (1 - d * (1 - d * (0.5 - d * (1.0 / 6))));
}

CK_INLINE double ck_erf_f64(double x) {
  double a = ck_magnitude(x);
  a = a > 27.5 ? 27.5 : a;
  const double inner = a * ck_erf_ratio(a * a), outer = 1 - ck_exp_of_square(1, a) * ck_erfc_scaled(a);
  return ck_signed(a < 1 ? inner : outer, x);
}
CK_INLINE float ck_erf_f32(float x) {
  double a = ck_magnitude((double)x);
  a = a > 10.5 ? 10.5 : a;
  const double inner = a * ck_short_erf_ratio(a * a), outer = 1 - ck_short_exp(-a * a) * ck_short_erfc_scaled(a);
  return (float)ck_signed(a < 1 ? inner : outer, (double)x);
}

// v Φ(v) = v erfc(−v/√2)/2; for negative v the tail itself, where 1 + erf would cancel. From −∞ it comes back to 0.
CK_INLINE double ck_gelu_f64(double x) {
  const double v = x < -39.0 ? -39.0 : x;
  double b = ck_magnitude(v);
  b = b > 39.0 ? 39.0 : b;
  const double a = b * 0.70710678118654752440;
  const double inner = 0.5 + ck_signed(0.5 * (a * ck_erf_ratio(a * a)), v);
  const double tail = 0.5 * ck_exp_of_square(0.5, b) * ck_erfc_scaled(a);
  return v * (a < 1 ? inner : v < 0 ? tail : 1 - tail);
}
CK_INLINE float ck_gelu_f32(float x) {
  double v = (double)x;
  v = v < -14.8 ? -14.8 : v;
  double a = ck_magnitude(v) * 0.70710678118654752440;
  a = a > 10.5 ? 10.5 : a;
  const double inner = 0.5 + ck_signed(0.5 * (a * ck_short_erf_ratio(a * a)), v);
  const double tail = 0.5 * ck_short_exp(-a * a) * ck_short_erfc_scaled(a);
  return (float)(v * (a < 1 ? inner : v < 0 ? tail : 1 - tail));
}

// In double, the logarithm of the base would need more than double; libm's is right and scalar.
CK_INLINE double ck_pow_f64(double x, double p) { return pow(x, p); }
CK_INLINE float ck_pow_f32(float base, float power) {
  const double x = (double)base, p = (double)power, a = ck_magnitude(x);
  double e = p * ck_log_result(ck_short_log(a), a);
  e = e < -200.0 ? -200.0 : e;  // beyond the range of float either way
  e = e > 200.0 ? 200.0 : e;
  double y = ck_short_exp(e);
  // Every float from 2^24 on is an even integer; below, adding 1.5 * 2^52 rounds to an integer whose parity is its last bit.
  const double shifted = p + 6755399441055744.0;
  const int isInteger = ck_magnitude(p) >= 16777216.0 || shifted - 6755399441055744.0 == p;
  const int isOdd = ck_magnitude(p) < 16777216.0 && isInteger && (ck_to_bits(shifted) & 1);
  const int isNegative = ck_to_bits(x) >> 63 != 0;
  y = isNegative && isOdd ? -y : y;
  y = isNegative && !isInteger && a < __builtin_inf() && a > 0 ? __builtin_nan("") : y;
  y = p == 0 || x == 1 || (x == -1 && ck_magnitude(p) == __builtin_inf()) ? 1 : y;
  return (float)y;
}
