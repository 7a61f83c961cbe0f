#include "CKernels.h"
#include "dispatch.h"

// out = y − k ∗ d, output by output, with what is negative set to 0 if `rectified`: a channel's contribution taken from a convolution
// of stride 1 that has been computed with it.
//
// d: one plane with its border, [rows + kernelRows − 1, columns + kernelColumns − 1]. k: [outputs, kernelRows, kernelColumns].
// y and out: [outputs, rows, columns], different memory.
CK_DISPATCH void ck_subtract_channel_f32(const float *restrict d, const float *restrict k, const float *restrict y,
                                         float *restrict out, ptrdiff_t outputs, ptrdiff_t rows, ptrdiff_t columns,
                                         ptrdiff_t kernelRows, ptrdiff_t kernelColumns, int rectified) {
  const ptrdiff_t width = columns + kernelColumns - 1;
  for (ptrdiff_t o = 0; o < outputs; o++, k += kernelRows * kernelColumns) {
    for (ptrdiff_t r = 0; r < rows; r++, y += columns, out += columns) {
      const float *p = d + r * width;
      if (kernelRows == 3 && kernelColumns == 3) {
        const float *q = p + width, *s = q + width;
        const float k0 = k[0], k1 = k[1], k2 = k[2], k3 = k[3], k4 = k[4], k5 = k[5], k6 = k[6], k7 = k[7], k8 = k[8];
        for (ptrdiff_t c = 0; c < columns; c++)
          out[c] = y[c] - (k0 * p[c] + k1 * p[c + 1] + k2 * p[c + 2] + k3 * q[c] + k4 * q[c + 1] + k5 * q[c + 2] + k6 * s[c] +
                           k7 * s[c + 1] + k8 * s[c + 2]);
      } else {
        for (ptrdiff_t c = 0; c < columns; c++) out[c] = y[c];
        for (ptrdiff_t i = 0; i < kernelRows; i++)
          for (ptrdiff_t j = 0; j < kernelColumns; j++) {
            const float tap = k[i * kernelColumns + j];
            for (ptrdiff_t c = 0; c < columns; c++) out[c] -= tap * p[i * width + j + c];
          }
      }
      if (rectified)
        for (ptrdiff_t c = 0; c < columns; c++) out[c] = out[c] < 0 ? 0 : out[c];
    }
  }
}
