#include "plan.h"
#include "CKernels.h"
#include <stdlib.h>
#include <string.h>

od_plan *od_plan_create(void) {
  if (!od_engine()) return NULL;
  od_plan *plan = calloc(1, sizeof *plan);
  if (plan) plan->output = -1;
  return plan;
}

void od_plan_destroy(od_plan *plan) {
  if (!plan) return;
  for (int i = 0; i < plan->step_count; i++) {
    if (plan->steps[i].primitive) dnnl_primitive_destroy(plan->steps[i].primitive);
  }
  for (int i = 0; i < plan->weight_count; i++) {
    if (plan->weights[i].into) dnnl_primitive_destroy(plan->weights[i].into);
  }
  free(plan);
}

int od_add_value(od_plan *plan, const dnnl_memory_desc_t *layout, int first) {
  struct od_value *value = &plan->values[plan->value_count];
  *value = (struct od_value){.layout = *layout, .first = first, .last = first, .heir_of = -1};
  return plan->value_count++;
}

int od_add_step(od_plan *plan, dnnl_primitive_t primitive, struct od_step step, const dnnl_memory_desc_t *layout) {
  if (!primitive) return -1;
  if (plan->step_count == OD_MAXIMUM_STEPS) {
    dnnl_primitive_destroy(primitive);
    return -1;
  }
  step.primitive = primitive;
  return od_append_step(plan, step, dnnl_memory_desc_get_size(&step.scratch), layout);
}

int od_append_step(od_plan *plan, struct od_step step, size_t scratch, const dnnl_memory_desc_t *layout) {
  if (plan->step_count == OD_MAXIMUM_STEPS) return -1;
  step.y = od_add_value(plan, layout, plan->step_count);
  if (step.x >= 0) plan->values[step.x].last = plan->step_count;
  if (step.b >= 0) plan->values[step.b].last = plan->step_count;
  if (od_aligned(scratch) > plan->scratch_bytes) plan->scratch_bytes = od_aligned(scratch);
  plan->steps[plan->step_count++] = step;
  return step.y;
}

int od_add_own_step(od_plan *plan, enum od_own own, int x, size_t kept) {
  // The input is not the plan's to write to.
  if (x <= 0 || plan->step_count == OD_MAXIMUM_STEPS) return -1;
  struct od_step step = od_step_on(x);
  const dnnl_memory_desc_t layout = plan->values[x].layout;
  step.own = own;
  step.kept = kept;
  step.y = od_add_value(plan, &layout, plan->step_count);
  plan->values[x].last = plan->step_count;
  plan->values[step.y].heir_of = x;
  plan->steps[plan->step_count++] = step;
  return step.y;
}

int od_in_layout(od_plan *plan, int x, const dnnl_memory_desc_t *layout) {
  if (dnnl_memory_desc_equal(&plan->values[x].layout, layout)) return x;
  return od_add_step(plan, od_reorder(&plan->values[x].layout, layout), od_step_on(x), layout);
}

// First fit: a value goes where no value that lives at the same time is.
static void place(od_plan *plan, int index) {
  struct od_value *value = &plan->values[index];
  if (value->heir_of >= 0) {
    value->offset = plan->values[value->heir_of].offset;
    return;
  }
  const size_t bytes = od_size(&value->layout);
  size_t offset = 0;
  for (int moved = 1; moved;) {
    moved = 0;
    for (int i = 0; i < index; i++) {
      const struct od_value *other = &plan->values[i];
      if (other->first < 0 || other->last < value->first || other->first > value->last) continue;
      const size_t end = other->offset + od_size(&other->layout);
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
  if (!od_is_value(plan, y) || plan->output >= 0) return 1;
  const int64_t *d = plan->values[y].layout.dims;
  const dnnl_dims_t strides = {image, d[2] * d[3], d[3], 1};
  dnnl_memory_desc_t plain;
  if (dnnl_memory_desc_init_by_strides(&plain, 4, d, dnnl_f32, strides)) return 1;
  const int threads = od_use_one_thread();
  // A copy even if the layout is the same where the result is the input, or shares another's memory.
  const struct od_value *result = &plan->values[y];
  int is_alone = result->first >= 0 && result->heir_of < 0;
  for (int i = 0; i < plan->value_count; i++) is_alone = is_alone && plan->values[i].heir_of != y;
  plan->output = is_alone && dnnl_memory_desc_equal(&result->layout, &plain)
                     ? y
                     : od_add_step(plan, od_reorder(&result->layout, &plain), od_step_on(y), &plain);
  od_use_threads(threads);
  if (plan->output < 0) return 1;
  // What takes over another's memory lives as long as the heir.
  for (int i = plan->value_count - 1; i >= 0; i--) {
    const struct od_value *value = &plan->values[i];
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
  const struct od_weight *w = &plan->weights[index];
  char *memory = packed;
  memcpy(memory + w->bias_offset, bias, dnnl_memory_desc_get_size(&w->bias));
  if (w->winograd.batch > 0) {
    ck_winograd_pack(&w->winograd, weight, (float *)(memory + w->offset));
    return 0;
  }
  if (!w->into) {
    memcpy(memory + w->offset, weight, dnnl_memory_desc_get_size(&w->inner));
    return 0;
  }
  const struct od_argument arguments[2] = {{DNNL_ARG_FROM, &w->plain, (void *)weight},
                                           {DNNL_ARG_TO, &w->inner, memory + w->offset}};
  return od_execute(w->into, arguments, 2);
}

size_t od_plan_kept_bytes(const od_plan *plan) { return plan->kept_bytes; }

// Both sides are plain: what stands in C s² channels of h x w goes to C channels of about s h x s w.
static void interleave(const struct od_value *source, const float *x, const struct od_value *target, float *y) {
  const int64_t *from = source->layout.dims, *to = target->layout.dims;
  for (int64_t image = 0; image < to[0]; image++) {
    ck_interleave_f32(x + image * from[1] * from[2] * from[3], from[1] / to[1], to[1], from[2], from[3],
                      y + image * to[1] * to[2] * to[3], to[2], to[3]);
  }
}

static void average(const struct od_step *step, const struct od_value *source, const float *x, const struct od_value *target, float *y) {
  const int64_t *d = source->layout.dims, *to = target->layout.dims;
  ck_gelu_average_f32(x, d[0] * (d[1] / 16), d[2], d[3], to[2], to[3], step->kernel[0], step->kernel[1], y);
}

static int run_own(const struct od_step *step, float *values, size_t count, uint8_t *kept) {
  switch (step->own) {
  case OD_OWN_GELU: ck_gelu_short_f32(values, (ptrdiff_t)count); return 0;
  case OD_KEEP_SIGNS: ck_keep_signs_f32(values, kept, (ptrdiff_t)count); return 0;
  case OD_MASK: ck_mask_f32(kept, values, (ptrdiff_t)count); return 0;
  default: return 1;
  }
}

int od_plan_run(const od_plan *plan, const float *x, const void *packed, float *y, void *memory, void *kept) {
  char *values = memory, *weights = (char *)packed;
  for (int i = 0; i < plan->step_count; i++) {
    const struct od_step *step = &plan->steps[i];
    const struct od_value *source = &plan->values[step->x], *target = &plan->values[step->y];
    void *read = source->first < 0 ? (void *)x : values + source->offset;
    void *written = step->y == plan->output ? (void *)y : values + target->offset;
    if (step->own == OD_INTERLEAVE) {
      interleave(source, read, target, written);
      continue;
    }
    if (step->own == OD_GELU_AVERAGE) {
      average(step, source, read, target, written);
      continue;
    }
    if (step->own == OD_WINOGRAD) {
      const struct od_weight *w = &plan->weights[step->weight];
      ck_winograd_f32(&w->winograd, read, (const float *)(weights + w->offset), (const float *)(weights + w->bias_offset), step->adds,
                      step->rectified, written, (float *)(values + plan->memory_bytes));
      continue;
    }
    if (step->own != OD_PRIMITIVE) {
      const size_t count = dnnl_memory_desc_get_size(&target->layout) / sizeof(float);
      if (run_own(step, (float *)(values + target->offset), count, (uint8_t *)kept + step->kept)) return 1;
      continue;
    }
    struct od_argument arguments[OD_ARGUMENTS];
    int count = 0;
    // What a reorder calls "from" and "to" are the names of a source and a target.
    arguments[count++] = (struct od_argument){step->source, &source->layout, read};
    arguments[count++] = (struct od_argument){step->result, &target->layout, written};
    if (step->b >= 0) {
      const struct od_value *b = &plan->values[step->b];
      arguments[count++] = (struct od_argument){DNNL_ARG_SRC_1, &b->layout, b->first < 0 ? (void *)x : values + b->offset};
    }
    if (step->weight >= 0) {
      const struct od_weight *w = &plan->weights[step->weight];
      arguments[count++] = (struct od_argument){DNNL_ARG_WEIGHTS, &w->inner, weights + w->offset};
      if (step->result == DNNL_ARG_DST)
        arguments[count++] = (struct od_argument){DNNL_ARG_BIAS, &w->bias, weights + w->bias_offset};
    }
    if (dnnl_memory_desc_get_size(&step->workspace) > 0)
      arguments[count++] = (struct od_argument){DNNL_ARG_WORKSPACE, &step->workspace, (char *)kept + step->kept};
    if (dnnl_memory_desc_get_size(&step->scratch) > 0)
      arguments[count++] = (struct od_argument){DNNL_ARG_SCRATCHPAD, &step->scratch, values + plan->memory_bytes};
    if (od_execute(step->primitive, arguments, count)) return 1;
  }
  return 0;
}
