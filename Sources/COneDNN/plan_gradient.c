// The steps of a plan that takes a cotangent back through another plan, and what that one keeps for it.
#include "plan.h"

dnnl_alg_kind_t od_pooling_algorithm(enum od_pooling pooling) {
  switch (pooling) {
  case OD_MAXIMUM: return dnnl_pooling_max;
  case OD_AVERAGE: return dnnl_pooling_avg_include_padding;
  default: return dnnl_pooling_avg_exclude_padding;
  }
}

int od_plan_keep_signs(od_plan *plan, int x, int *kept) {
  if (!od_is_value(plan, x)) return -1;
  const size_t place = plan->kept_bytes;
  const int y = od_add_own_step(plan, OD_KEEP_SIGNS, x, place);
  if (y < 0) return -1;
  // One byte for each element.
  plan->kept_bytes = place + od_aligned(dnnl_memory_desc_get_size(&plan->values[x].layout) / sizeof(float));
  *kept = plan->step_count - 1;
  return y;
}

static int is_step(const od_plan *plan, int index) { return plan && index >= 0 && index < plan->step_count; }

int od_plan_copy(od_plan *plan, int x) {
  if (!od_is_value(plan, x)) return -1;
  const dnnl_memory_desc_t same = plan->values[x].layout;
  return od_add_step(plan, od_reorder(&same, &same), od_step_on(x), &same);
}

int od_plan_mask(od_plan *plan, int g, const od_plan *forward, int kept) {
  if (!od_is_value(plan, g) || !is_step(forward, kept)) return -1;
  const int threads = od_use_one_thread();
  const struct od_step *step = &forward->steps[kept];
  int same = od_in_layout(plan, g, &forward->values[step->x].layout);
  // The input is not the plan's to write to.
  if (same == 0) same = od_plan_copy(plan, same);
  od_use_threads(threads);
  return same < 0 ? -1 : od_add_own_step(plan, OD_MASK, same, step->kept);
}

// Adds the step of a gradient's description, which reads g in a layout of its choice.
static int add_gradient(od_plan *plan, dnnl_primitive_desc_t description, int g, struct od_step step) {
  const int source = od_in_layout(plan, g, od_layout(description, dnnl_query_diff_dst_md));
  if (source < 0) return -1;
  step.x = source;
  step.source = DNNL_ARG_DIFF_DST;
  step.result = DNNL_ARG_DIFF_SRC;
  step.scratch = *od_layout(description, dnnl_query_scratchpad_md);
  return od_add_step(plan, od_primitive(description), step, od_layout(description, dnnl_query_diff_src_md));
}

int od_plan_pooling_gradient(od_plan *plan, int g, enum od_pooling pooling, const struct od_window *window, const od_plan *forward,
                             int kept) {
  if (!od_is_value(plan, g) || (pooling == OD_MAXIMUM && !is_step(forward, kept))) return -1;
  const int64_t *d = plan->values[g].layout.dims;
  const dnnl_dims_t extents = {d[0], d[1], window->input[0], window->input[1]};
  dnnl_memory_desc_t x, y = plan->values[g].layout;
  // Where the maxima are is known in the layout of then.
  if (pooling == OD_MAXIMUM) y = forward->values[forward->steps[kept].y].layout;
  if (pooling == OD_MAXIMUM) x = forward->values[forward->steps[kept].x].layout;
  else if (dnnl_memory_desc_init_by_tag(&x, 4, extents, dnnl_f32, dnnl_format_tag_any)) return -1;
  const dnnl_prop_kind_t kind = dnnl_forward_training;
  const dnnl_alg_kind_t algorithm = od_pooling_algorithm(pooling);
  dnnl_pooling_desc_t before, operation;
  dnnl_memory_desc_t source = x;
  if (pooling != OD_MAXIMUM && dnnl_memory_desc_init_by_tag(&source, 4, extents, dnnl_f32, dnnl_nchw)) return -1;
  if (dnnl_pooling_forward_desc_init(&before, kind, algorithm, &source, &y, window->stride, window->kernel, window->padding,
                                     window->padding) ||
      dnnl_pooling_backward_desc_init(&operation, algorithm, &x, &y, window->stride, window->kernel, window->padding,
                                      window->padding))
    return -1;
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t first = od_describe(&before, 0, OD_LINEAR, NULL);
  dnnl_primitive_desc_t description = first ? od_describe(&operation, 0, OD_LINEAR, first) : NULL;
  int result = -1;
  if (description) {
    struct od_step step = od_step_on(g);
    if (pooling == OD_MAXIMUM) {
      step.kept = forward->steps[kept].kept;
      step.workspace = forward->steps[kept].workspace;
    }
    result = add_gradient(plan, description, g, step);
    dnnl_primitive_desc_destroy(description);
  }
  if (first) dnnl_primitive_desc_destroy(first);
  od_use_threads(threads);
  return result;
}

int od_plan_interleave(od_plan *plan, int x, const int64_t extents[4]) {
  if (!od_is_value(plan, x) || plan->step_count > OD_MAXIMUM_STEPS - 4) return -1;
  dnnl_memory_desc_t from, to;
  if (dnnl_memory_desc_init_by_tag(&from, 4, plan->values[x].layout.dims, dnnl_f32, dnnl_nchw) ||
      dnnl_memory_desc_init_by_tag(&to, 4, extents, dnnl_f32, dnnl_nchw))
    return -1;
  const int threads = od_use_one_thread();
  const int source = od_in_layout(plan, x, &from);
  od_use_threads(threads);
  if (source < 0) return -1;
  struct od_step step = od_step_on(source);
  step.own = OD_INTERLEAVE;
  step.y = od_add_value(plan, &to, plan->step_count);
  plan->values[source].last = plan->step_count;
  plan->steps[plan->step_count++] = step;
  return step.y;
}

static dnnl_primitive_desc_t describe_gradient(const struct od_shape *s, const struct od_operands *o) {
  const dnnl_dims_t dilation = {s->dilation[0] - 1, s->dilation[1] - 1};
  dnnl_convolution_desc_t before, operation;
  if (dnnl_dilated_convolution_forward_desc_init(&before, dnnl_forward_training, dnnl_convolution_direct, &o->x, &o->w, NULL, &o->y,
                                                 s->stride, dilation, s->padding, s->padding) ||
      dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, &o->x, &o->w, &o->y, s->stride, dilation,
                                                       s->padding, s->padding))
    return NULL;
  dnnl_primitive_desc_t first = od_describe(&before, 0, OD_LINEAR, NULL);
  dnnl_primitive_desc_t result = first ? od_describe(&operation, 0, OD_LINEAR, first) : NULL;
  if (first) dnnl_primitive_desc_destroy(first);
  if (!result || od_is_generated(result)) return result;
  dnnl_primitive_desc_destroy(result);
  return NULL;
}

int od_plan_convolution_gradient(od_plan *plan, int g, const struct od_shape *shape) {
  struct od_operands operands;
  if (!od_is_value(plan, g) || plan->step_count > OD_MAXIMUM_STEPS - 4 || od_operands_of(shape, &operands)) return -1;
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t description = describe_gradient(shape, &operands);
  int result = -1;
  if (description) {
    struct od_step step = od_step_on(g);
    step.weight = od_add_weight(plan, &operands, od_layout(description, dnnl_query_weights_md));
    if (step.weight >= 0) result = add_gradient(plan, description, g, step);
    dnnl_primitive_desc_destroy(description);
  }
  od_use_threads(threads);
  return result;
}
