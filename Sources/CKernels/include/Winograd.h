// Winograd's way to convolve with 3 x 3 kernels (Lavin & Gray 2016): tiles of 4 x 4 results from 36 products for each two channels
// instead of 144; at a stride of 2, where places of odd and even number are convolved by themselves, from 81.
#pragma once
#include <stddef.h>

// Arrays of pictures stand in blocks of 16 channels: [batch, channels / 16, h, w, 16], the last block filled up. `outputs` is a
// multiple of 32, the stride (the same both ways) 1 or 2.
struct ck_winograd {
  ptrdiff_t batch, inputs, outputs, stride;
  ptrdiff_t input[2], output[2], padding[2];
};

// Floats of the weights as the kernel wants them, and of the memory of one run.
size_t ck_winograd_packed(const struct ck_winograd *shape);
size_t ck_winograd_scratch(const struct ck_winograd *shape);
// From [outputs, inputs, 3, 3].
void ck_winograd_pack(const struct ck_winograd *shape, const float *weight, float *packed);
// y = weight ∗ x + bias, plus what stands in y already if `adds`, the positive part if `rectified`. The outermost error is that of
// rounding: about ten times that of the sum itself.
void ck_winograd_f32(const struct ck_winograd *shape, const float *x, const float *packed, const float *bias, int adds, int rectified,
                     float *y, float *scratch);
