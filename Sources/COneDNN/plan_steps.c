#include "plan.h"
#include <string.h>

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

dnnl_primitive_desc_t od_describe(const_dnnl_op_desc_t operation, int sums, enum od_activation activation,
                                  const_dnnl_primitive_desc_t forward) {
  dnnl_primitive_attr_t with = attributes(sums, activation);
  dnnl_primitive_desc_t result = NULL;
  if (with && dnnl_primitive_desc_create(&result, operation, with, od_engine(), forward) != dnnl_success) result = NULL;
  if (with) dnnl_primitive_attr_destroy(with);
  return result;
}

int od_is_generated(const_dnnl_primitive_desc_t description) {
  const char *kernel = NULL;
  dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &kernel);
  return kernel && od_is_generated_kernel(kernel);
}

dnnl_primitive_t od_primitive(const_dnnl_primitive_desc_t description) {
  dnnl_primitive_t result = NULL;
  return dnnl_primitive_create(&result, description) == dnnl_success ? result : NULL;
}

const dnnl_memory_desc_t *od_layout(const_dnnl_primitive_desc_t description, dnnl_query_t what) {
  return dnnl_primitive_desc_query_md(description, what, 0);
}

int od_plan_input(od_plan *plan, const int64_t extents[4], int64_t image) {
  dnnl_memory_desc_t layout;
  const dnnl_dims_t strides = {image, extents[2] * extents[3], extents[3], 1};
  if (plan->value_count || dnnl_memory_desc_init_by_strides(&layout, 4, extents, dnnl_f32, strides)) return -1;
  return od_add_value(plan, &layout, -1);
}

// Winograd's way (Lavin & Gray 2016) takes a quarter to a half of the multiplications of a 3×3 kernel. Narrow convolutions lose
// more to its transforms than that.
static int is_for_winograd(const struct od_shape *s) {
  return s->kernel[0] == 3 && s->kernel[1] == 3 && s->stride[0] == 1 && s->stride[1] == 1 && s->dilation[0] == 1 &&
         s->dilation[1] == 1 && s->groups == 1 && s->inputs >= 32 && s->outputs >= 32;
}

static dnnl_primitive_desc_t describe_convolution(const struct od_shape *s, const struct od_operands *o, dnnl_alg_kind_t algorithm,
                                                  int sums, enum od_activation activation) {
  const dnnl_dims_t dilation = {s->dilation[0] - 1, s->dilation[1] - 1};
  dnnl_dims_t after = {s->padding[0], s->padding[1]};
  for (int axis = 0; axis < 2; axis++) {
    if (s->stride[axis] != 1) continue;
    after[axis] = s->output[axis] - 1 + (s->kernel[axis] - 1) * s->dilation[axis] + 1 - s->input[axis] - s->padding[axis];
  }
  dnnl_convolution_desc_t operation;
  if (dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_inference, algorithm, &o->x, &o->w, &o->bias, &o->y,
                                                 s->stride, dilation, s->padding, after))
    return NULL;
  dnnl_primitive_desc_t result = od_describe(&operation, sums, activation, NULL);
  if (result && od_is_generated(result)) return result;
  if (result) dnnl_primitive_desc_destroy(result);
  return NULL;
}

int od_operands_of(const struct od_shape *s, struct od_operands *o) {
  const int grouped = s->groups > 1, skip = grouped ? 0 : 1;
  const int64_t inputs = s->inputs / s->groups, outputs = s->outputs / s->groups;
  const dnnl_dims_t x = {s->batch, s->inputs, s->input[0], s->input[1]};
  const dnnl_dims_t y = {s->batch, s->outputs, s->output[0], s->output[1]};
  const dnnl_dims_t w = {s->groups, outputs, inputs, s->kernel[0], s->kernel[1]};
  const dnnl_dims_t bias = {s->outputs};
  return dnnl_memory_desc_init_by_tag(&o->x, 4, x, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&o->y, 4, y, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&o->w, 5 - skip, w + skip, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&o->plain, 5 - skip, w + skip, dnnl_f32, grouped ? dnnl_goihw : dnnl_oihw) ||
         dnnl_memory_desc_init_by_tag(&o->bias, 1, bias, dnnl_f32, dnnl_a);
}

// The kernel that reads x as it is, if there is one; else one that has x brought into another layout.
static dnnl_primitive_desc_t choose_source(const od_plan *plan, const struct od_shape *shape, const struct od_operands *operands,
                                           dnnl_alg_kind_t kind, int x, int sums, enum od_activation activation) {
  struct od_operands as_it_is = *operands;
  as_it_is.x = plan->values[x].layout;
  dnnl_primitive_desc_t result = describe_convolution(shape, &as_it_is, kind, sums, activation);
  return result ? result : describe_convolution(shape, operands, kind, sums, activation);
}

static dnnl_primitive_desc_t choose_convolution(const od_plan *plan, const struct od_shape *shape, struct od_operands *operands,
                                                int x, int added, enum od_activation activation) {
  const int sums = added >= 0;
  if (sums) operands->y = plan->values[added].layout;
  // Left to itself oneDNN changes between blocks of channels and channels last, and what is won by that the way between them costs.
  struct od_operands blocked = *operands;
  const int prefers = !sums && shape->outputs % 16 == 0 && od_has_wide_vectors() &&
                      !dnnl_memory_desc_init_by_tag(&blocked.y, 4, operands->y.dims, dnnl_f32, dnnl_nChw16c);
  for (int direct = !is_for_winograd(shape); direct < 2; direct++) {
    const dnnl_alg_kind_t kind = direct ? dnnl_convolution_direct : dnnl_convolution_winograd;
    dnnl_primitive_desc_t result = prefers ? choose_source(plan, shape, &blocked, kind, x, sums, activation) : NULL;
    if (!result) result = choose_source(plan, shape, operands, kind, x, sums, activation);
    if (result) return result;
  }
  return NULL;
}

int od_add_weight(od_plan *plan, const struct od_operands *operands, const dnnl_memory_desc_t *inner) {
  struct od_weight *weight = &plan->weights[plan->weight_count];
  *weight = (struct od_weight){.plain = operands->plain, .inner = *inner, .bias = operands->bias};
  if (!dnnl_memory_desc_equal(&weight->plain, &weight->inner)) {
    weight->into = od_reorder(&weight->plain, &weight->inner);
    if (!weight->into) return -1;
  }
  weight->offset = plan->packed_bytes;
  weight->bias_offset = weight->offset + od_size(&weight->inner);
  plan->packed_bytes = weight->bias_offset + od_size(&weight->bias);
  return plan->weight_count++;
}

int od_plan_convolution(od_plan *plan, int x, const struct od_shape *shape, int added, enum od_activation activation) {
  struct od_operands operands;
  // A sum in place writes over what it adds: the input is not the plan's to write to.
  if (!od_is_value(plan, x) || added == 0 || plan->step_count > OD_MAXIMUM_STEPS - 4 || od_operands_of(shape, &operands)) return -1;
  const int threads = od_use_one_thread();
  // Other activations keep oneDNN from its best kernels, or take longer inside it than on their own.
  const enum od_activation fused = activation == OD_RELU ? OD_RELU : OD_LINEAR;
  int y = od_add_winograd(plan, x, shape, added, fused == OD_RELU);
  dnnl_primitive_desc_t description = y < 0 ? choose_convolution(plan, shape, &operands, x, added, fused) : NULL;
  if (description) {
    const int source = od_in_layout(plan, x, od_layout(description, dnnl_query_src_md));
    const int weight = source < 0 ? -1 : od_add_weight(plan, &operands, od_layout(description, dnnl_query_weights_md));
    if (weight >= 0) {
      struct od_step step = od_step_on(source);
      step.weight = weight;
      step.scratch = *od_layout(description, dnnl_query_scratchpad_md);
      y = od_add_step(plan, od_primitive(description), step, od_layout(description, dnnl_query_dst_md));
    }
    dnnl_primitive_desc_destroy(description);
  }
  if (y >= 0 && added >= 0) {
    plan->values[y].heir_of = added;
    plan->values[added].last = plan->step_count - 1;
  }
  od_use_threads(threads);
  if (y < 0 || fused == activation) return y;
  return activation == OD_GELU ? od_add_own_step(plan, OD_OWN_GELU, y, 0) : od_plan_activation(plan, y, activation);
}

// A step on x alone (or x and b), which the description reads as it is.
static int add_described(od_plan *plan, const_dnnl_op_desc_t operation, int x, int b, int *kept) {
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t description = od_describe(operation, 0, OD_LINEAR, NULL);
  int y = -1;
  if (description) {
    struct od_step step = od_step_on(x);
    step.b = b;
    step.scratch = *od_layout(description, dnnl_query_scratchpad_md);
    if (kept) {
      step.workspace = *od_layout(description, dnnl_query_workspace_md);
      step.kept = plan->kept_bytes;
      plan->kept_bytes += od_size(&step.workspace);
      *kept = plan->step_count;
    }
    y = od_add_step(plan, od_primitive(description), step, od_layout(description, dnnl_query_dst_md));
    dnnl_primitive_desc_destroy(description);
  }
  od_use_threads(threads);
  return y;
}

int od_plan_pooling(od_plan *plan, int x, enum od_pooling pooling, const struct od_window *window, int *kept) {
  if (!od_is_value(plan, x)) return -1;
  const dnnl_memory_desc_t source = plan->values[x].layout;
  const dnnl_dims_t extents = {source.dims[0], source.dims[1], window->output[0], window->output[1]};
  dnnl_memory_desc_t target;
  dnnl_pooling_desc_t operation;
  // Where a maximum was found is told only in training.
  const dnnl_prop_kind_t kind = kept && pooling == OD_MAXIMUM ? dnnl_forward_training : dnnl_forward_inference;
  if (dnnl_memory_desc_init_by_tag(&target, 4, extents, dnnl_f32, dnnl_format_tag_any) ||
      dnnl_pooling_forward_desc_init(&operation, kind, od_pooling_algorithm(pooling), &source, &target, window->stride,
                                     window->kernel, window->padding, window->padding))
    return -1;
  return add_described(plan, &operation, x, -1, kind == dnnl_forward_training ? kept : NULL);
}

int od_plan_sum(od_plan *plan, int a, int b) {
  if (!od_is_value(plan, a) || !od_is_value(plan, b)) return -1;
  const int second = od_in_layout(plan, b, &plan->values[a].layout);
  if (second < 0) return -1;
  const dnnl_memory_desc_t same = plan->values[a].layout;
  dnnl_binary_desc_t operation;
  if (dnnl_binary_desc_init(&operation, dnnl_binary_add, &same, &same, &same)) return -1;
  return add_described(plan, &operation, a, second, NULL);
}

int od_plan_activation(od_plan *plan, int x, enum od_activation activation) {
  if (!od_is_value(plan, x)) return -1;
  const dnnl_memory_desc_t same = plan->values[x].layout;
  dnnl_eltwise_desc_t operation;
  if (dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, algorithm(activation), &same, parameter(activation), 0))
    return -1;
  return add_described(plan, &operation, x, -1, NULL);
}
