// One convolution of float32 arrays by oneDNN, on the calling thread alone. The only way to that library: what its versions
// spell differently stands in onednn.c.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum od_direction { OD_FORWARD, OD_INPUT_GRADIENT, OD_WEIGHT_GRADIENT };

// Extents of a convolution, or of a piece of one: rows of channels stand next to each other, images and the rows of a weight
// at the strides of the whole, in elements. Order of axes: x [batch, inputs, h, w], w [outputs, inputs / groups, kh, kw],
// y [batch, outputs, h, w].
struct od_shape {
  int64_t batch, groups, inputs, outputs;
  int64_t input[2], output[2], kernel[2], stride[2], padding[2], dilation[2];
  int64_t x_image, y_image, w_row;
};

typedef struct od_convolution od_convolution;

// NULL where oneDNN has no optimised kernel for the shape on this processor.
od_convolution *od_create(const struct od_shape *shape, enum od_direction direction);
void od_destroy(od_convolution *convolution);

// The kernel that oneDNN chose, for reports.
const char *od_kernel(const od_convolution *convolution);
// Bytes of the weights in the layout that the kernel wants (whether another wants the same one), and of the memory that one run
// needs besides.
int od_packs_alike(const od_convolution *a, const od_convolution *b);
size_t od_packed_bytes(const od_convolution *convolution);
size_t od_scratch_bytes(const od_convolution *convolution);

// Weights to the kernel's layout and back. `plain` points to the first weight of the piece. Non-zero: failed.
int od_pack(const od_convolution *convolution, const float *plain, float *packed);
int od_unpack(const od_convolution *convolution, const float *packed, float *plain);

// Computes y (forward), x (input gradient) or the packed weights (weight gradient) from the other two. All memory is aligned to
// 64 bytes but x and y, which point to the first element of the piece. Several threads may run one convolution at a time,
// each with its own scratch. Non-zero: failed.
int od_run(const od_convolution *convolution, float *x, float *packed, float *y, void *scratch);

// "2.6.3", and the instruction set of the kernels that it generates here.
const char *od_version(void);
const char *od_instruction_set(void);
