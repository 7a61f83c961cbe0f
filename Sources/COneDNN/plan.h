// What the files of a plan share: its values, weights and steps.
#pragma once
#include "internal.h"
#include "Winograd.h"

enum { OD_MAXIMUM_STEPS = 1024 };

struct od_value {
  dnnl_memory_desc_t layout;
  // In the memory of a run; the input and the output are elsewhere if they need no copy.
  size_t offset;
  // The step that makes it (-1: the input), and the last one that reads it.
  int first, last;
  // The value whose memory it takes over, or -1.
  int heir_of;
};

struct od_weight {
  dnnl_memory_desc_t plain, inner, bias;
  dnnl_primitive_t into;
  // Where the kernel is our own; else of no pictures.
  struct ck_winograd winograd;
  size_t offset, bias_offset;
};

// What a step without a primitive does: in the memory of its value, but for the last three.
enum od_own { OD_PRIMITIVE, OD_OWN_GELU, OD_KEEP_SIGNS, OD_MASK, OD_INTERLEAVE, OD_WINOGRAD, OD_GELU_AVERAGE };

struct od_step {
  enum od_own own;
  dnnl_primitive_t primitive;
  int x, b, y, weight;
  // Of our own convolution: whether it is added to what stands in y, and the positive part taken.
  int adds, rectified;
  // Of our own pooling.
  int64_t kernel[2];
  // In what a plan keeps for another: where, and what a primitive sees there (no bytes: nothing).
  size_t kept;
  dnnl_memory_desc_t scratch, workspace;
  // The operand's and the result's names: those of a gradient are others.
  int source, result;
};

struct od_plan {
  struct od_value values[2 * OD_MAXIMUM_STEPS];
  struct od_step steps[OD_MAXIMUM_STEPS];
  struct od_weight weights[OD_MAXIMUM_STEPS];
  int value_count, step_count, weight_count, output;
  size_t memory_bytes, scratch_bytes, packed_bytes, kept_bytes;
};

static inline size_t od_aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
static inline size_t od_size(const dnnl_memory_desc_t *layout) { return od_aligned(dnnl_memory_desc_get_size(layout)); }
static inline int od_is_value(const od_plan *plan, int index) { return index >= 0 && index < plan->value_count; }

// A step that runs a primitive on x.
static inline struct od_step od_step_on(int x) {
  return (struct od_step){.x = x, .b = -1, .weight = -1, .source = DNNL_ARG_SRC, .result = DNNL_ARG_DST};
}

int od_add_value(od_plan *plan, const dnnl_memory_desc_t *layout, int first);
// Takes ownership of the primitive (NULL: failed), and gives the value that it makes.
int od_add_step(od_plan *plan, dnnl_primitive_t primitive, struct od_step step, const dnnl_memory_desc_t *layout);
// The same for a step of our own, which needs some bytes of scratch.
int od_append_step(od_plan *plan, struct od_step step, size_t scratch, const dnnl_memory_desc_t *layout);
// A step of our own, which makes its value where x is: nothing may read x again.
int od_add_own_step(od_plan *plan, enum od_own own, int x, size_t kept);
// x in another layout; x itself if it is the same.
int od_in_layout(od_plan *plan, int x, const dnnl_memory_desc_t *layout);

dnnl_alg_kind_t od_pooling_algorithm(enum od_pooling pooling);

// A description with a memory for scratch that is the caller's, and what follows the operation.
dnnl_primitive_desc_t od_describe(const_dnnl_op_desc_t operation, int sums, enum od_activation activation,
                                  const_dnnl_primitive_desc_t forward);
// Whether oneDNN has made a kernel for the shape, and does not fall back on plain loops or products.
int od_is_generated(const_dnnl_primitive_desc_t description);
dnnl_primitive_t od_primitive(const_dnnl_primitive_desc_t description);
const dnnl_memory_desc_t *od_layout(const_dnnl_primitive_desc_t description, dnnl_query_t what);

struct od_operands {
  dnnl_memory_desc_t x, w, bias, y, plain;
};
// Layouts of the library's choice for all operands of a convolution, and the weight's outside.
int od_operands_of(const struct od_shape *shape, struct od_operands *operands);
// Blocks of 16 channels.
int od_blocked(const int64_t extents[4], dnnl_memory_desc_t *layout);
// A convolution by Winograd's way, if it is one that gains by that; else -1.
int od_add_winograd(od_plan *plan, int x, const struct od_shape *shape, int added, int rectified);
int od_add_weight(od_plan *plan, const struct od_operands *operands, const dnnl_memory_desc_t *inner);
