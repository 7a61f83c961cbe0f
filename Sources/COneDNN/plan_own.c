#include "plan.h"

int od_blocked(const int64_t extents[4], dnnl_memory_desc_t *layout) {
  return dnnl_memory_desc_init_by_tag(layout, 4, extents, dnnl_f32, dnnl_nChw16c);
}

// Below some channels its transforms cost more than what they save, and so do tiles that are mostly empty.
static int gains_by_winograd(const struct od_shape *s) {
  const int is_square = s->kernel[0] == 3 && s->kernel[1] == 3 && s->stride[0] == s->stride[1] && s->stride[0] <= 2 &&
                        s->dilation[0] == 1 && s->dilation[1] == 1 && s->groups == 1;
  const int64_t products = s->stride[0] == 1 ? 36 : 81;
  const int64_t tiles = ((s->output[0] + 3) / 4) * ((s->output[1] + 3) / 4);
  return is_square && s->inputs >= 16 && s->outputs % 32 == 0 && products * tiles * 5 < s->output[0] * s->output[1] * 9 * 4;
}

int od_add_winograd(od_plan *plan, int x, const struct od_shape *s, int added, int rectified) {
  dnnl_memory_desc_t from, to;
  const int64_t extents[4] = {s->batch, s->outputs, s->output[0], s->output[1]};
  if (!od_has_wide_vectors() || !gains_by_winograd(s) || od_blocked(plan->values[x].layout.dims, &from) || od_blocked(extents, &to) ||
      (added >= 0 && !dnnl_memory_desc_equal(&plan->values[added].layout, &to)))
    return -1;
  const int source = od_in_layout(plan, x, &from);
  if (source < 0) return -1;
  const struct ck_winograd shape = {.batch = s->batch, .inputs = s->inputs, .outputs = s->outputs, .stride = s->stride[0],
                                    .input = {s->input[0], s->input[1]}, .output = {s->output[0], s->output[1]},
                                    .padding = {s->padding[0], s->padding[1]}};
  struct od_weight *weight = &plan->weights[plan->weight_count];
  const dnnl_dims_t outputs = {s->outputs};
  *weight = (struct od_weight){.winograd = shape};
  if (dnnl_memory_desc_init_by_tag(&weight->bias, 1, outputs, dnnl_f32, dnnl_a)) return -1;
  weight->offset = plan->packed_bytes;
  weight->bias_offset = weight->offset + od_aligned(ck_winograd_packed(&shape) * sizeof(float));
  plan->packed_bytes = weight->bias_offset + od_size(&weight->bias);
  struct od_step step = od_step_on(source);
  step.own = OD_WINOGRAD;
  step.weight = plan->weight_count++;
  step.adds = added >= 0;
  step.rectified = rectified;
  return od_append_step(plan, step, ck_winograd_scratch(&shape) * sizeof(float), &to);
}

int od_plan_gelu_average(od_plan *plan, int x, const struct od_window *w) {
  dnnl_memory_desc_t from, to;
  if (!od_is_value(plan, x)) return -1;
  const dnnl_memory_desc_t source = plan->values[x].layout;
  const int64_t extents[4] = {source.dims[0], source.dims[1], w->output[0], w->output[1]};
  int isOwn = source.dims[1] % 16 == 0 && !od_blocked(source.dims, &from) && !od_blocked(extents, &to) &&
              dnnl_memory_desc_equal(&source, &from);
  for (int axis = 0; axis < 2; axis++) {
    const int isApart = w->stride[axis] == w->kernel[axis] || w->output[axis] == 1;
    isOwn = isOwn && isApart && w->padding[axis] == 0 && w->output[axis] * w->kernel[axis] <= w->input[axis];
  }
  if (!isOwn) return -1;
  struct od_step step = od_step_on(x);
  step.own = OD_GELU_AVERAGE;
  step.kernel[0] = w->kernel[0];
  step.kernel[1] = w->kernel[1];
  return od_append_step(plan, step, 0, &to);
}
