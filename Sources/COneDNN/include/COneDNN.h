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

// A network of convolutions, poolings and sums for a fixed number of images, on the calling thread: every value stays in the layout
// that its producer chose, and memory is shared by values that do not live at the same time. Immutable once finished; several
// threads may run one plan at a time, each with its own memory.
typedef struct od_plan od_plan;

enum od_activation { OD_LINEAR, OD_RELU, OD_GELU, OD_TANH, OD_SIGMOID, OD_SWISH };
enum od_pooling { OD_MAXIMUM, OD_AVERAGE, OD_AVERAGE_WITHOUT_PADDING };

struct od_window {
  int64_t input[2], output[2], kernel[2], stride[2], padding[2];
};

od_plan *od_plan_create(void);
void od_plan_destroy(od_plan *plan);

// Each gives the number of the value that it adds, or -1: oneDNN cannot do it, the plan is of no use.

// [batch, channels, height, width], images `image` elements apart.
int od_plan_input(od_plan *plan, const int64_t extents[4], int64_t image);
// x convolved with a weight and a bias of its own, plus the value `added` unless that is -1, then the activation. The value `added` is
// gone afterwards: nothing may read it again. Strides of `shape` are not read; at a stride of 1 the padding behind follows from the
// extents.
int od_plan_convolution(od_plan *plan, int x, const struct od_shape *shape, int added, enum od_activation activation);
// Where maxima were found is kept for a gradient if `kept` is given, which then says under what number.
int od_plan_pooling(od_plan *plan, int x, enum od_pooling pooling, const struct od_window *window, int *kept);
// The average of gelu(x) over windows that lie side by side; -1 where x is not in blocks, or windows overlap.
int od_plan_gelu_average(od_plan *plan, int x, const struct od_window *window);
int od_plan_sum(od_plan *plan, int a, int b);
int od_plan_activation(od_plan *plan, int x, enum od_activation activation);

// What a gradient needs. `forward` is a finished plan that keeps things under numbers.

// x itself, of which it is kept where it is positive. Nothing may read x by its old number.
int od_plan_keep_signs(od_plan *plan, int x, int *kept);
// x once more, for who wants to write where it stands.
int od_plan_copy(od_plan *plan, int x);
// g where what `forward` kept was positive, else 0; g is gone afterwards.
int od_plan_mask(od_plan *plan, int g, const od_plan *forward, int kept);
// The cotangent of what was pooled, or convolved with a weight of its own (and a bias, which is not read), given that of the result.
int od_plan_pooling_gradient(od_plan *plan, int g, enum od_pooling pooling, const struct od_window *window, const od_plan *forward,
                             int kept);
int od_plan_convolution_gradient(od_plan *plan, int g, const struct od_shape *shape);
// [N, C s², h, w] to `extents` [N, C, H, W]: channel (c s + i) s + j goes to rows i, i + s, ... and columns j, j + s, ... of channel c.
// h is H / s rounded up, and w likewise.
int od_plan_interleave(od_plan *plan, int x, const int64_t extents[4]);

// Makes `y` the result, images `image` elements apart, and gives every value its place in memory. Non-zero: failed.
int od_plan_finish(od_plan *plan, int y, int64_t image);

// Bytes of one run's memory, of all convolutions' weights and biases in the layouts that they want, and of what one run keeps; all
// aligned to 64.
size_t od_plan_memory_bytes(const od_plan *plan);
size_t od_plan_packed_bytes(const od_plan *plan);
size_t od_plan_kept_bytes(const od_plan *plan);
// The weight and the bias of the convolution that was added as number `index` (from 0), to their places in `packed`.
int od_plan_pack(const od_plan *plan, int index, const float *weight, const float *bias, void *packed);
// `kept` is written where the plan keeps, read where it was kept by another, and may be NULL where it does neither.
int od_plan_run(const od_plan *plan, const float *x, const void *packed, float *y, void *memory, void *kept);
