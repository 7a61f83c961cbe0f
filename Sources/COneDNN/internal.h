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
