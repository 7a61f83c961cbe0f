#define _GNU_SOURCE
#include "internal.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2
#error "Written for oneDNN 2 (libdnnl-dev of Debian 12): in version 3 descriptors of memory are handles, and those of operations are gone"
#endif

// The plain layout of an operand outside, the kernel's inside, and the way from one to the other (NULL if they are equal).
struct operand {
  dnnl_memory_desc_t plain, inner;
  dnnl_primitive_t into, from;
};

enum { X, W, Y };

struct od_convolution {
  enum od_direction direction;
  struct operand operands[3];
  dnnl_primitive_t primitive;
  dnnl_memory_desc_t workspace;
  char kernel[64];
};

// Created once and kept: engines hold the kernels that were generated on them.
dnnl_engine_t od_engine(void) {
  static dnnl_engine_t shared;
  if (!shared) {
    dnnl_engine_t fresh;
    if (dnnl_engine_create(&fresh, dnnl_cpu, 0) != dnnl_success) return NULL;
    dnnl_engine_t none = NULL;
    // Whoever is second throws its own away.
    if (!__atomic_compare_exchange_n(&shared, &none, fresh, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) dnnl_engine_destroy(fresh);
  }
  return shared;
}

// Parallelism is the caller's. The number of OpenMP's threads belongs to the thread that sets it; it is put back afterwards,
// because the caller may use OpenMP too. Looked up, because which OpenMP oneDNN was linked to is its own affair.
struct openmp {
  int (*get)(void);
  void (*set)(int);
};

static const struct openmp *openmp(void) {
  static struct openmp found;
  static int looked_up;
  if (!__atomic_load_n(&looked_up, __ATOMIC_ACQUIRE)) {
    __atomic_store_n(&found.get, (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_max_threads"), __ATOMIC_RELAXED);
    __atomic_store_n(&found.set, (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads"), __ATOMIC_RELAXED);
    __atomic_store_n(&looked_up, 1, __ATOMIC_RELEASE);
  }
  return &found;
}

int od_use_one_thread(void) {
  const struct openmp *o = openmp();
  if (!o->get || !o->set) return 0;
  const int before = o->get();
  if (before != 1) o->set(1);
  return before;
}

void od_use_threads(int count) {
  if (count > 1) openmp()->set(count);
}

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t bytes(const dnnl_memory_desc_t *layout) { return aligned(dnnl_memory_desc_get_size(layout)); }

dnnl_primitive_t od_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to) {
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t result = NULL;
  if (dnnl_reorder_primitive_desc_create(&description, from, od_engine(), to, od_engine(), NULL) != dnnl_success) return NULL;
  if (dnnl_primitive_create(&result, description) != dnnl_success) result = NULL;
  dnnl_primitive_desc_destroy(description);
  return result;
}

// The layouts of x, w and y outside, and with `any` in place of each a layout of the library's choice inside.
static int describe(const struct od_shape *s, dnnl_memory_desc_t plain[3], dnnl_memory_desc_t any[3]) {
  const int grouped = s->groups > 1;
  const int64_t inputs = s->inputs / s->groups, outputs = s->outputs / s->groups;
  const int64_t area = s->kernel[0] * s->kernel[1];
  const int64_t xs = s->input[0] * s->input[1], ys = s->output[0] * s->output[1];
  const dnnl_dims_t x = {s->batch, s->inputs, s->input[0], s->input[1]}, xStrides = {s->x_image, xs, s->input[1], 1};
  const dnnl_dims_t y = {s->batch, s->outputs, s->output[0], s->output[1]}, yStrides = {s->y_image, ys, s->output[1], 1};
  const dnnl_dims_t w = {s->groups, outputs, inputs, s->kernel[0], s->kernel[1]};
  const dnnl_dims_t wStrides = {outputs * s->w_row, s->w_row, area, s->kernel[1], 1};
  const int skip = grouped ? 0 : 1;
  return dnnl_memory_desc_init_by_strides(&plain[X], 4, x, dnnl_f32, xStrides) ||
         dnnl_memory_desc_init_by_strides(&plain[Y], 4, y, dnnl_f32, yStrides) ||
         dnnl_memory_desc_init_by_strides(&plain[W], 5 - skip, w + skip, dnnl_f32, wStrides + skip) ||
         dnnl_memory_desc_init_by_tag(&any[X], 4, x, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&any[Y], 4, y, dnnl_f32, dnnl_format_tag_any) ||
         dnnl_memory_desc_init_by_tag(&any[W], 5 - skip, w + skip, dnnl_f32, dnnl_format_tag_any);
}

static dnnl_primitive_desc_t describe_forward(const struct od_shape *s, const dnnl_memory_desc_t any[3],
                                              const_dnnl_primitive_attr_t attributes) {
  const dnnl_dims_t dilation = {s->dilation[0] - 1, s->dilation[1] - 1};
  dnnl_convolution_desc_t operation;
  dnnl_primitive_desc_t result = NULL;
  if (dnnl_dilated_convolution_forward_desc_init(&operation, dnnl_forward_training, dnnl_convolution_direct, &any[X], &any[W],
                                                 NULL, &any[Y], s->stride, dilation, s->padding, s->padding))
    return NULL;
  return dnnl_primitive_desc_create(&result, &operation, attributes, od_engine(), NULL) == dnnl_success ? result : NULL;
}

static dnnl_primitive_desc_t describe_gradient(const struct od_shape *s, enum od_direction direction,
                                               const dnnl_memory_desc_t any[3], const_dnnl_primitive_attr_t attributes,
                                               const_dnnl_primitive_desc_t forward) {
  const dnnl_dims_t dilation = {s->dilation[0] - 1, s->dilation[1] - 1};
  dnnl_convolution_desc_t operation;
  dnnl_primitive_desc_t result = NULL;
  const int failed =
      direction == OD_INPUT_GRADIENT
          ? dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, &any[X], &any[W], &any[Y],
                                                             s->stride, dilation, s->padding, s->padding)
          : dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, &any[X], &any[W], NULL,
                                                                &any[Y], s->stride, dilation, s->padding, s->padding);
  if (failed) return NULL;
  return dnnl_primitive_desc_create(&result, &operation, attributes, od_engine(), forward) == dnnl_success ? result : NULL;
}

static dnnl_primitive_desc_t describe_operation(const struct od_shape *s, enum od_direction direction,
                                                const dnnl_memory_desc_t any[3]) {
  dnnl_primitive_attr_t attributes;
  if (dnnl_primitive_attr_create(&attributes) != dnnl_success) return NULL;
  // Memory that the library keeps would be shared by threads that run one primitive at a time.
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  dnnl_primitive_desc_t result = describe_forward(s, any, attributes);
  if (result && direction != OD_FORWARD) {
    dnnl_primitive_desc_t forward = result;
    result = describe_gradient(s, direction, any, attributes, forward);
    dnnl_primitive_desc_destroy(forward);
  }
  dnnl_primitive_attr_destroy(attributes);
  return result;
}

// Which layouts the primitive chose, and the reorders that its direction needs.
static int connect(struct od_convolution *c, const_dnnl_primitive_desc_t description) {
  static const dnnl_query_t queries[3][3] = {
      {dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md},
      {dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md},
      {dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md}};
  static const int results[3] = {Y, X, W};
  for (int i = X; i <= Y; i++) {
    struct operand *o = &c->operands[i];
    const dnnl_memory_desc_t *inner = dnnl_primitive_desc_query_md(description, queries[c->direction][i], 0);
    if (!inner) return 1;
    o->inner = *inner;
    if (dnnl_memory_desc_equal(&o->plain, &o->inner)) continue;
    dnnl_primitive_t *way = results[c->direction] == i ? &o->from : &o->into;
    *way = results[c->direction] == i ? od_reorder(&o->inner, &o->plain) : od_reorder(&o->plain, &o->inner);
    if (!*way) return 1;
  }
  const dnnl_memory_desc_t *workspace = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  if (workspace) c->workspace = *workspace;
  const char *kernel = NULL;
  dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &kernel);
  snprintf(c->kernel, sizeof c->kernel, "%s", kernel ? kernel : "unknown");
  return dnnl_primitive_create(&c->primitive, description) != dnnl_success;
}

int od_is_generated_kernel(const char *name) {
  if (!strncmp(name, "x64:", 4)) name += 4;
  return strncmp(name, "ref", 3) && strncmp(name, "simple", 6) && strncmp(name, "gemm", 4);
}

od_convolution *od_create(const struct od_shape *shape, enum od_direction direction) {
  dnnl_memory_desc_t plain[3], any[3];
  if (!od_engine() || describe(shape, plain, any)) return NULL;
  // A kernel is generated for as many threads as there are when it is made.
  const int threads = od_use_one_thread();
  dnnl_primitive_desc_t description = describe_operation(shape, direction, any);
  struct od_convolution *c = description ? calloc(1, sizeof *c) : NULL;
  if (c) {
    c->direction = direction;
    for (int i = X; i <= Y; i++) c->operands[i].plain = plain[i];
    if (connect(c, description) || !od_is_generated_kernel(c->kernel)) {
      od_destroy(c);
      c = NULL;
    }
  }
  if (description) dnnl_primitive_desc_destroy(description);
  od_use_threads(threads);
  return c;
}

void od_destroy(od_convolution *c) {
  if (!c) return;
  for (int i = X; i <= Y; i++) {
    if (c->operands[i].into) dnnl_primitive_destroy(c->operands[i].into);
    if (c->operands[i].from) dnnl_primitive_destroy(c->operands[i].from);
  }
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  free(c);
}

const char *od_kernel(const od_convolution *c) { return c->kernel; }

int od_packs_alike(const od_convolution *a, const od_convolution *b) {
  return dnnl_memory_desc_equal(&a->operands[W].inner, &b->operands[W].inner);
}

size_t od_packed_bytes(const od_convolution *c) { return bytes(&c->operands[W].inner); }

static size_t inner_bytes(const struct operand *o) { return o->into || o->from ? bytes(&o->inner) : 0; }

size_t od_scratch_bytes(const od_convolution *c) {
  return inner_bytes(&c->operands[X]) + inner_bytes(&c->operands[Y]) + bytes(&c->workspace) + 64;
}

int od_execute(const_dnnl_primitive_t primitive, const struct od_argument *arguments, int count) {
  const int threads = od_use_one_thread();
  dnnl_exec_arg_t given[OD_ARGUMENTS];
  dnnl_stream_t stream = NULL;
  int made = 0, failed = dnnl_stream_create(&stream, od_engine(), dnnl_stream_default_flags) != dnnl_success;
  for (; !failed && made < count; made++) {
    given[made].arg = arguments[made].name;
    failed = dnnl_memory_create(&given[made].memory, arguments[made].layout, od_engine(), arguments[made].memory) != dnnl_success;
    if (failed) break;
  }
  if (!failed) failed = dnnl_primitive_execute(primitive, stream, count, given) || dnnl_stream_wait(stream);
  for (int i = 0; i < made; i++) dnnl_memory_destroy(given[i].memory);
  if (stream) dnnl_stream_destroy(stream);
  od_use_threads(threads);
  return failed;
}

static int move(const_dnnl_primitive_t way, const dnnl_memory_desc_t *from, const void *source, const dnnl_memory_desc_t *to,
                void *target) {
  const struct od_argument arguments[2] = {{DNNL_ARG_FROM, from, (void *)source}, {DNNL_ARG_TO, to, target}};
  return od_execute(way, arguments, 2);
}

int od_pack(const od_convolution *c, const float *plain, float *packed) {
  const struct operand *o = &c->operands[W];
  if (o->into) return move(o->into, &o->plain, plain, &o->inner, packed);
  memcpy(packed, plain, dnnl_memory_desc_get_size(&o->inner));
  return 0;
}

int od_unpack(const od_convolution *c, const float *packed, float *plain) {
  const struct operand *o = &c->operands[W];
  if (o->from) return move(o->from, &o->inner, packed, &o->plain, plain);
  memcpy(plain, packed, dnnl_memory_desc_get_size(&o->inner));
  return 0;
}

int od_run(const od_convolution *c, float *x, float *packed, float *y, void *scratch) {
  static const int names[3][3] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                  {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                                  {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}};
  char *memory = scratch;
  float *outside[3] = {x, packed, y}, *inside[3] = {x, packed, y};
  for (int i = X; i <= Y; i += Y - X) {
    const struct operand *o = &c->operands[i];
    if (!inner_bytes(o)) continue;
    inside[i] = (float *)memory;
    memory += inner_bytes(o);
    if (o->into && move(o->into, &o->plain, outside[i], &o->inner, inside[i])) return 1;
  }
  const struct od_argument arguments[4] = {{names[c->direction][X], &c->operands[X].inner, inside[X]},
                                        {names[c->direction][W], &c->operands[W].inner, inside[W]},
                                        {names[c->direction][Y], &c->operands[Y].inner, inside[Y]},
                                        {DNNL_ARG_SCRATCHPAD, &c->workspace, memory}};
  if (od_execute(c->primitive, arguments, 4)) return 1;
  for (int i = X; i <= Y; i += Y - X) {
    const struct operand *o = &c->operands[i];
    if (o->from && move(o->from, &o->inner, inside[i], &o->plain, outside[i])) return 1;
  }
  return 0;
}

const char *od_version(void) {
  static char text[32];
  const dnnl_version_t *v = dnnl_version();
  if (!text[0]) snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
  return text;
}

const char *od_instruction_set(void) {
  switch (dnnl_get_effective_cpu_isa()) {
  case dnnl_cpu_isa_sse41: return "SSE4.1";
  case dnnl_cpu_isa_avx: return "AVX";
  case dnnl_cpu_isa_avx2:
  case dnnl_cpu_isa_avx2_vnni: return "AVX2";
  case dnnl_cpu_isa_avx512_core:
  case dnnl_cpu_isa_avx512_core_vnni:
  case dnnl_cpu_isa_avx512_core_bf16: return "AVX-512";
  case dnnl_cpu_isa_avx512_core_amx: return "AVX-512 with AMX";
  default: return "other";
  }
}

int od_has_wide_vectors(void) { return !strncmp(od_instruction_set(), "AVX-512", 7); }
