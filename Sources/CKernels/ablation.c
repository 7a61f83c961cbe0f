#include "CKernels.h"
#include "dispatch.h"

#define LANES CK_ABLATION_LANES

// How many observations of one class a linear classifier gets right when the first k features of an order are at their baseline,
// for every k at once: the features come back one by one, from the last, so that rounding cannot break a tie that holds when all
// are ablated.
//
// excess[r * LANES + l]: by how much the logit of another class r exceeds that of the true class, all features ablated. A lane
// is right if every excess is negative, or zero where firstWins[r] says that the true class comes first. Overwritten.
// weights[r * features + j]: what a unit of feature j adds to it. delta[j * LANES + l]: feature j minus its baseline.
// right[k] += the number of lanes that are right, k = 0 ... features.
CK_DISPATCH void ck_ablation_sweep(const double *delta, const double *weights, const int32_t *order, ptrdiff_t features,
                                   ptrdiff_t rows, const uint8_t *firstWins, double *excess, int32_t *right) {
  for (ptrdiff_t k = features; k >= 0; k--) {
    int64_t wrong[LANES] = {0};
    for (ptrdiff_t r = 0; r < rows; r++) {
      const double *e = excess + r * LANES;
      if (firstWins[r])
        for (int l = 0; l < LANES; l++) wrong[l] |= e[l] > 0;
      else
        for (int l = 0; l < LANES; l++) wrong[l] |= e[l] >= 0;
    }
    int64_t sum = 0;
    for (int l = 0; l < LANES; l++) sum += wrong[l];
    right[k] += (int32_t)(LANES - sum);
    if (k == 0) break;
    const ptrdiff_t j = order[k - 1];
    const double *d = delta + j * LANES;
    for (ptrdiff_t r = 0; r < rows; r++) {
      const double w = weights[r * features + j];
      double *e = excess + r * LANES;
      for (int l = 0; l < LANES; l++) e[l] += w * d[l];
    }
  }
}
