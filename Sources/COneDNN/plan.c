#include "internal.h"
#include <stdlib.h>
#include <string.h>

enum { MAXIMUM_STEPS = 1024 };

struct value {
  dnnl_memory_desc_t layout;
  // In the memory of a run; the input and the output are elsewhere if they need no copy.
  size_t offset;
  // The step that makes it (-1: the input), and the last one that reads it.
  int first, last;
  // The value whose memory it takes over, or -1.
  int heir_of;
};

struct weight {
  dnnl_memory_desc_t plain, inner, bias;
  dnnl_primitive_t into;
  size_t offset, bias_offset;
};

struct step {
  dnnl_primitive_t primitive;
  int x, b, y, weight;
  dnnl_memory_desc_t scratch;
};

struct od_plan {
  struct value values[2 * MAXIMUM_STEPS];
  struct step steps[MAXIMUM_STEPS];
  struct weight weights[MAXIMUM_STEPS];
  int value_count, step_count, weight_count, output;
  size_t memory_bytes, scratch_bytes, packed_bytes;
};

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t size(const dnnl_memory_desc_t *layout) { return aligned(dnnl_memory_desc_get_size(layout)); }

od_plan *od_plan_create(void) {
  if (!od_engine()) return NULL;
  od_plan *plan = calloc(1, sizeof *plan);
  if (plan) plan->output = -1;
  return plan;
}

void od_plan_destroy(od_plan *plan) {
  if (!plan) return;
  for (int i = 0; i < plan->step_count; i++) dnnl_primitive_destroy(plan->steps[i].primitive);
  for (int i = 0; i < plan->weight_count; i++) {
    if (plan->weights[i].into) dnnl_primitive_destroy(plan->weights[i].into);
  }
  free(plan);
}

static int add_value(od_plan *plan, const dnnl_memory_desc_t *layout, int first) {
  struct value *value = &plan->values[plan->value_count];
  *value = (struct value){.layout = *layout, .first = first, .last = first, .heir_of = -1};
  return plan->value_count++;
}

// Takes ownership of the primitive (NULL: failed), and gives the value that it makes.
static int add_step(od_plan *plan, dnnl_primitive_t primitive, struct step step, const dnnl_memory_desc_t *layout) {
  if (!primitive) return -1;
  if (plan->step_count == MAXIMUM_STEPS) {
    dnnl_primitive_destroy(primitive);
    return -1;
  }
  step.primitive = primitive;
  step.y = add_value(plan, layout, plan->step_count);
  if (step.x >= 0) plan->values[step.x].last = plan->step_count;
  if (step.b >= 0) plan->values[step.b].last = plan->step_count;
  size_t scratch = dnnl_memory_desc_get_size(&step.scratch);
  if (aligned(scratch) > plan->scratch_bytes) plan->scratch_bytes = aligned(scratch);
  plan->steps[plan->step_count++] = step;
  return step.y;
}

static int is_value(const od_plan *plan, int index) { return index >= 0 && index < plan->value_count; }

int od_plan_input(od_plan *plan, const int64_t extents[4], int64_t image) {
  dnnl_memory_desc_t layout;
  const dnnl_dims_t strides = {image, extents[2] * extents[3], extents[3], 1};
  if (plan->value_count || dnnl_memory_desc_init_by_strides(&layout, 4, extents, dnnl_f32, strides)) return -1;
  return add_value(plan, &layout, -1);
}

// x in another layout; x itself if it is the same.
static int in_layout(od_plan *plan, int x, const dnnl_memory_desc_t *layout) {
  if (dnnl_memory_desc_equal(&plan->values[x].layout, layout)) return x;
  const struct step step = {.x = x, .b = -1, .weight = -1};
  return add_step(plan, od_reorder(&plan->values[x].layout, layout), step, layout);
}

static dnnl_alg_kind_t algorithm(enum od_activation activation) {
  switch (activation) {
  case OD_RELU: return dnnl_eltwise_relu;
  case OD_GELU: return dnnl_eltwise_gelu_erf;
  case OD_TANH: return dnnl_eltwise_tanh;
  case OD_SIGMOID: return dnnl_eltwise_logistic;
  case OD_SWISH: return dnnl_eltwise_swish;
  default: return dnnl_alg_kind_undef;
  }
}

static float parameter(enum od_activation activation) { return activation == OD_SWISH ? 1 : 0; }

// Memory that the library keeps would be shared by threads that run one primitive at a time.
static dnnl_primitive_attr_t attributes(int sums, enum od_activation activation) {
  dnnl_primitive_attr_t result = NULL;
  dnnl_post_ops_t after = NULL;
  if (dnnl_primitive_attr_create(&result)) return NULL;
  int failed = dnnl_primitive_attr_set_scratchpad_mode(result, dnnl_scratchpad_mode_user) || dnnl_post_ops_create(&after);
  if (!failed && sums) failed = dnnl_post_ops_append_sum(after, 1);
  if (!failed && activation != OD_LINEAR)
    failed = dnnl_post_ops_append_eltwise(after, 1, algorithm(activation), parameter(activation), 0);
  if (!failed) failed = dnnl_primitive_attr_set_post_ops(result, after);
  if (after) dnnl_post_ops_destroy(after);
  if (!failed) return result;
  dnnl_primitive_attr_destroy(result);
  return NULL;
}

static dnnl_primitive_desc_t describe(const_dnnl_op_desc_t operation, int sums, enum od_activation activation) {
  dnnl_primitive_attr_t with = attributes(sums, activation);
  dnnl_primitive_desc_t result = NULL;
  if (with && dnnl_primitive_desc_create(&result, operation, with, od_engine(), NULL) != dnnl_success) result = NULL;
  if (with) dnnl_primitive_attr_destroy(with);
  return result;
}

// Whether oneDNN has made a kernel for the shape, and does not fall back on plain loops or products.
static int is_generated(const_dnnl_primitive_desc_t description) {
  const char *kernel = NULL;
  dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &kernel);
  return kernel && strncmp(kernel, "ref", 3) && strncmp(kernel, "simple", 6) && !strstr(kernel, "gemm:");
}

struct convolution {
  dnnl_memory_desc_t x, w, bias, y, plain;
};

static dnnl_primitive_desc_t describe_convolution(const struct od_shape *s, const struct convolution *c, int sums,
                                                  enum od_activation activation) {
  const dnnl_dims_t dilation = {s->dilation[0] - 1, s->dilation[1] - 1};
  dnnl_convolution_desc_t operation;
  if (dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_inference, dnnl_convolution_direct, &c->x, &c->w,
                                                 &c->bias, &c->y, s->stride, dilation, s->padding, s->padding))
    return NULL;
  dnnl_primitive_desc_t result = describe(&operation, sums, activation);
  if (result && is_generated(result)) return result;
  if (result) dnnl_primitive_desc_destroy(result);
  return NULL;
}

static int convolution_layouts(const struct od_shape *s, struct convolution *c) {
  const int grouped = s->groups > 1, skip = grouped ? 0 : 1;
  const int64_t inputs = s->inputs / s->groups, outputs = s->outputs / s->groups;
  const dnnl_dims_t x = {s->batch, s->inputs, s->input[0], s->input[1]};
  const dnnl_dims_t y = {s->batch, s->outputs, s->output[0], s->output[1]};
  const dnnl_dims_t w = {s->groups, outputs, inputs, s->kernel[0], s->kernel[1]};
  const dnnl_dims_t bias = {s->outputs};
  return dnnl_memory_desc_init_by_tag(&c->x, 4, x, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&c->y, 4, y, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&c->w, 5 - skip, w + skip, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&c->plain, 5 - skip, w + skip, dnnl_f32, grouped ? dnnl_goihw : dnnl_oihw) ||
         dnnl_memory_desc_init_by_tag(&c->bias, 1, bias, dnnl_f32, dnnl_a);
}

// The kernel that reads x as it is, if there is one; else one that has x brought into another layout.
static dnnl_primitive_desc_t choose_convolution(const od_plan *plan, const struct od_shape *shape, struct convolution *c, int x,
                                                int added, enum od_activation activation) {
  if (added >= 0) c->y = plan->values[added].layout;
  struct convolution as_it_is = *c;
  as_it_is.x = plan->values[x].layout;
  dnnl_primitive_desc_t result = describe_convolution(shape, &as_it_is, added >= 0, activation);
  return result ? result : describe_convolution(shape, c, added >= 0, activation);
}

static const dnnl_memory_desc_t *layout(const_dnnl_primitive_desc_t description, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(description, what, 0);
}

static dnnl_primitive_t primitive(const_dnnl_primitive_desc_t description) {
  dnnl_primitive_t result = NULL;
  return dnnl_primitive_create(&result, description) == dnnl_success ? result : NULL;
}

static int add_weight(od_plan *plan, const struct convolution *c, const dnnl_memory_desc_t *inner) {
  struct weight *weight = &plan->weights[plan->weight_count];
  *weight = (struct weight){.plain = c->plain, .inner = *inner, .bias = c->bias};
  if (!dnnl_memory_desc_equal(&weight->plain, &weight->inner)) {
    weight->into = od_reorder(&weight->plain, &weight->inner);
    if (!weight->into) return -1;
  }
  weight->offset = plan->packed_bytes;
  weight->bias_offset = weight->offset + size(&weight->inner);
  plan->packed_bytes = weight->bias_offset + size(&weight->bias);
  return plan->weight_count++;
}

int od_plan_convolution(od_plan *plan, int x, const struct od_shape *shape, int added, enum od_activation activation) {
  struct convolution c;
  // A sum in place writes over what it adds: the input is not the plan's to write to.
  if (!is_value(plan, x) || added == 0 || plan->step_count > MAXIMUM_STEPS - 4 || convolution_layouts(shape, &c)) return -1;
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t description = choose_convolution(plan, shape, &c, x, added, activation);
  int y = -1;
  if (description) {
    const int source = in_layout(plan, x, layout(description, dnnl_query_src_md));
    const int weight = source < 0 ? -1 : add_weight(plan, &c, layout(description, dnnl_query_weights_md));
    if (weight >= 0) {
      const struct step step = {.x = source, .b = -1, .weight = weight,
                                .scratch = *layout(description, dnnl_query_scratchpad_md)};
      y = add_step(plan, primitive(description), step, layout(description, dnnl_query_dst_md));
    }
    if (y >= 0 && added >= 0) {
      plan->values[y].heir_of = added;
      plan->values[added].last = plan->step_count - 1;
    }
    dnnl_primitive_desc_destroy(description);
  }
  od_use_threads(threads);
  return y;
}

// A step on x alone (or x and b), which the description reads as it is.
static int add_described(od_plan *plan, const_dnnl_op_desc_t operation, int x, int b) {
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t description = describe(operation, 0, OD_LINEAR);
  int y = -1;
  if (description) {
    const struct step step = {.x = x, .b = b, .weight = -1,
                              .scratch = *layout(description, dnnl_query_scratchpad_md)};
    y = add_step(plan, primitive(description), step, layout(description, dnnl_query_dst_md));
    dnnl_primitive_desc_destroy(description);
  }
  od_use_threads(threads);
  return y;
}

int od_plan_pooling(od_plan *plan, int x, enum od_pooling pooling, const int64_t kernel[2], const int64_t stride[2],
                    const int64_t padding[2], const int64_t output[2]) {
  static const dnnl_alg_kind_t kinds[3] = {dnnl_pooling_max, dnnl_pooling_avg_include_padding, dnnl_pooling_avg_exclude_padding};
  if (!is_value(plan, x)) return -1;
  const dnnl_memory_desc_t source = plan->values[x].layout;
  const dnnl_dims_t extents = {source.dims[0], source.dims[1], output[0], output[1]};
  dnnl_memory_desc_t target;
  dnnl_pooling_desc_t operation;
  if (dnnl_memory_desc_init_by_tag(&target, 4, extents, dnnl_f32, dnnl_format_tag_any) ||
      dnnl_pooling_forward_desc_init(&operation, dnnl_forward_inference, kinds[pooling], &source, &target, stride, kernel, padding,
                                     padding))
    return -1;
  return add_described(plan, &operation, x, -1);
}

int od_plan_sum(od_plan *plan, int a, int b) {
  if (!is_value(plan, a) || !is_value(plan, b)) return -1;
  const int second = in_layout(plan, b, &plan->values[a].layout);
  if (second < 0) return -1;
  const dnnl_memory_desc_t same = plan->values[a].layout;
  dnnl_binary_desc_t operation;
  if (dnnl_binary_desc_init(&operation, dnnl_binary_add, &same, &same, &same)) return -1;
  return add_described(plan, &operation, a, second);
}

int od_plan_activation(od_plan *plan, int x, enum od_activation activation) {
  if (!is_value(plan, x)) return -1;
  const dnnl_memory_desc_t same = plan->values[x].layout;
  dnnl_eltwise_desc_t operation;
  if (dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, algorithm(activation), &same, parameter(activation), 0))
    return -1;
  return add_described(plan, &operation, x, -1);
}

// First fit: a value goes where no value that lives at the same time is.
static void place(od_plan *plan, int index) {
  struct value *value = &plan->values[index];
  if (value->heir_of >= 0) {
    value->offset = plan->values[value->heir_of].offset;
    return;
  }
  const size_t bytes = size(&value->layout);
  size_t offset = 0;
  for (int moved = 1; moved;) {
    moved = 0;
    for (int i = 0; i < index; i++) {
      const struct value *other = &plan->values[i];
      if (other->first < 0 || other->last < value->first || other->first > value->last) continue;
      const size_t end = other->offset + size(&other->layout);
      if (offset < end && other->offset < offset + bytes) {
        offset = end;
        moved = 1;
      }
    }
  }
  value->offset = offset;
  if (offset + bytes > plan->memory_bytes) plan->memory_bytes = offset + bytes;
}

int od_plan_finish(od_plan *plan, int y, int64_t image) {
  if (!is_value(plan, y) || plan->output >= 0) return 1;
  const int64_t *d = plan->values[y].layout.dims;
  const dnnl_dims_t strides = {image, d[2] * d[3], d[3], 1};
  dnnl_memory_desc_t plain;
  if (dnnl_memory_desc_init_by_strides(&plain, 4, d, dnnl_f32, strides)) return 1;
  const int threads = od_use_one_thread();
  // Always a copy if the result is the input, or lives in another's memory.
  plan->output = in_layout(plan, y, &plain);
  od_use_threads(threads);
  if (plan->output < 0 || plan->values[plan->output].first < 0 || plan->values[plan->output].heir_of >= 0) return 1;
  // What takes over another's memory lives as long as the heir.
  for (int i = plan->value_count - 1; i >= 0; i--) {
    const struct value *value = &plan->values[i];
    if (value->heir_of >= 0 && plan->values[value->heir_of].last < value->last) plan->values[value->heir_of].last = value->last;
  }
  for (int i = 0; i < plan->value_count; i++) {
    if (plan->values[i].first >= 0 && i != plan->output) place(plan, i);
  }
  return 0;
}

size_t od_plan_memory_bytes(const od_plan *plan) { return plan->memory_bytes + plan->scratch_bytes + 64; }

size_t od_plan_packed_bytes(const od_plan *plan) { return plan->packed_bytes + 64; }

int od_plan_pack(const od_plan *plan, int index, const float *weight, const float *bias, void *packed) {
  if (index < 0 || index >= plan->weight_count) return 1;
  const struct weight *w = &plan->weights[index];
  char *memory = packed;
  memcpy(memory + w->bias_offset, bias, dnnl_memory_desc_get_size(&w->bias));
  if (!w->into) {
    memcpy(memory + w->offset, weight, dnnl_memory_desc_get_size(&w->inner));
    return 0;
  }
  const struct od_argument arguments[2] = {{DNNL_ARG_FROM, &w->plain, (void *)weight},
                                           {DNNL_ARG_TO, &w->inner, memory + w->offset}};
  return od_execute(w->into, arguments, 2);
}

int od_plan_run(const od_plan *plan, const float *x, const void *packed, float *y, void *memory) {
  char *values = memory, *weights = (char *)packed;
  for (int i = 0; i < plan->step_count; i++) {
    const struct step *step = &plan->steps[i];
    const struct value *source = &plan->values[step->x], *target = &plan->values[step->y];
    struct od_argument arguments[OD_ARGUMENTS];
    int count = 0;
    void *read = source->first < 0 ? (void *)x : values + source->offset;
    void *written = step->y == plan->output ? (void *)y : values + target->offset;
    // What a reorder calls "from" and "to" are the same names.
    arguments[count++] = (struct od_argument){DNNL_ARG_SRC, &source->layout, read};
    arguments[count++] = (struct od_argument){DNNL_ARG_DST, &target->layout, written};
    if (step->b >= 0) {
      const struct value *b = &plan->values[step->b];
      arguments[count++] = (struct od_argument){DNNL_ARG_SRC_1, &b->layout, b->first < 0 ? (void *)x : values + b->offset};
    }
    if (step->weight >= 0) {
      const struct weight *w = &plan->weights[step->weight];
      arguments[count++] = (struct od_argument){DNNL_ARG_WEIGHTS, &w->inner, weights + w->offset};
      arguments[count++] = (struct od_argument){DNNL_ARG_BIAS, &w->bias, weights + w->bias_offset};
    }
    if (dnnl_memory_desc_get_size(&step->scratch) > 0)
      arguments[count++] = (struct od_argument){DNNL_ARG_SCRATCHPAD, &step->scratch, values + plan->memory_bytes};
    if (od_execute(step->primitive, arguments, count)) return 1;
  }
  return 0;
}
