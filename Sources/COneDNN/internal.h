// What the files of this target share.
#pragma once
#include "COneDNN.h"
#include <dnnl.h>

// NULL if there is none.
dnnl_engine_t od_engine(void);

// Parallelism is the caller's: OpenMP is held to one thread between these two. The first gives the count that the second takes.
int od_use_one_thread(void);
void od_use_threads(int count);

// The way from one layout to another. NULL if there is none.
dnnl_primitive_t od_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);

struct od_argument {
  int name;
  const dnnl_memory_desc_t *layout;
  void *memory;
};

enum { OD_ARGUMENTS = 8 };

// Runs a primitive on the calling thread. Non-zero: failed.
int od_execute(const_dnnl_primitive_t primitive, const struct od_argument *arguments, int count);

// Whether a kernel of this name was generated for its shape. The others are oneDNN's last resort: plain loops, and products of
// matrices, which Clew has itself and faster.
int od_is_generated_kernel(const char *name);

// Whether vectors hold 16 numbers here, and layouts blocks of 16 channels.
int od_has_wide_vectors(void);
