#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

/// Levels of groups, and objects, that are listed.
enum { DEPTH_LIMIT = 64, OBJECT_LIMIT = 1000000 };

typedef struct {
  worker *w;
  char *path;
  size_t length;
  int depth;
  /// Addresses of the groups that the current one stands in: links can lead back.
  haddr_t above[DEPTH_LIMIT];
  size_t objects;
} listing;

static void put_dataset_head(listing *l, const char *field, const element *e) {
  put_u8(l->w, 'd');
  put_text(l->w, l->path, l->length);
  put_string(l->w, field);
  put_string(l->w, e->problem);
  put_string(l->w, e->stored);
  put_string(l->w, e->problem[0] ? "" : e->wire);
}

static void put_problem(listing *l, const char *problem) {
  element e = {.stored = "", .wire = "", .memory = -1};
  snprintf(e.problem, sizeof e.problem, "%s", problem);
  put_dataset_head(l, "", &e);
  put_u32(l->w, 0);
  put_u8(l->w, 0);
  put_string(l->w, "");
}

/// The filters in words; `problem` if one is not there.
static void filters(hid_t creation, char *words, size_t capacity, const char **problem) {
  int count = H5Pget_nfilters(creation);
  words[0] = '\0';
  for (int i = 0; i < count && i < 32; i++) {
    unsigned flags, configuration;
    size_t values = 0;
    char name[64] = "";
    H5Z_filter_t filter = H5Pget_filter2(creation, (unsigned)i, &flags, &values, NULL, sizeof name, name, &configuration);
    const char *word = filter == H5Z_FILTER_DEFLATE ? "gzip"
      : filter == H5Z_FILTER_SHUFFLE              ? "shuffle"
      : filter == H5Z_FILTER_FLETCHER32           ? "fletcher32"
      : filter == H5Z_FILTER_SZIP                 ? "szip"
      : filter == H5Z_FILTER_NBIT                 ? "nbit"
      : filter == H5Z_FILTER_SCALEOFFSET          ? "scaleoffset"
                                                  : "another";
    if (filter < 0 || H5Zfilter_avail(filter) <= 0) *problem = "a filter that is not built into the HDF5 library";
    size_t used = strlen(words);
    snprintf(words + used, capacity - used, "%s%s", used ? " " : "", word);
  }
}

/// What follows a dataset's head.
static void put_shape(listing *l, int rank, const hsize_t *extents, int chunk_rank, const hsize_t *chunk, const char *words) {
  put_u32(l->w, (uint32_t)rank);
  for (int axis = 0; axis < rank; axis++) put_u64(l->w, extents[axis]);
  put_u8(l->w, chunk_rank > 0);
  for (int axis = 0; axis < chunk_rank; axis++) put_u64(l->w, chunk[axis]);
  put_string(l->w, words);
}

static void list_dataset(listing *l, hid_t dataset) {
  hsize_t extents[RANK_LIMIT], chunk[RANK_LIMIT];
  char words[256] = "";
  const char *problem = NULL;
  hid_t type = H5Dget_type(dataset), creation = H5Dget_create_plist(dataset);
  int rank = extents_of(H5Dget_space(dataset), extents);
  if (type < 0 || creation < 0) return put_problem(l, "a damaged description");
  if (rank < 0) return put_problem(l, "no elements and no shape");
  int chunk_rank = 0;
  switch (H5Pget_layout(creation)) {
    case H5D_CHUNKED: chunk_rank = H5Pget_chunk(creation, RANK_LIMIT, chunk); break;
    case H5D_VIRTUAL: problem = "elements in other files"; break;
    case H5D_LAYOUT_ERROR: problem = "a damaged description"; break;
    default: break;
  }
  if (chunk_rank != 0 && chunk_rank != rank) problem = "a damaged description";
  if (H5Pget_external_count(creation) > 0) problem = "elements in other files";
  filters(creation, words, sizeof words, &problem);
  if (problem) {
    put_problem(l, problem);
  } else if (H5Tget_class(type) == H5T_COMPOUND) {
    int count = H5Tget_nmembers(type);
    for (int i = 0; i < count; i++) {
      char *name = H5Tget_member_name(type, (unsigned)i);
      hid_t member = H5Tget_member_type(type, (unsigned)i);
      element e = element_of(member);
      put_dataset_head(l, name ? name : "?", &e);
      put_shape(l, rank, extents, chunk_rank, chunk, words);
      if (e.memory >= 0) H5Tclose(e.memory);
      if (member >= 0) H5Tclose(member);
      H5free_memory(name);
    }
  } else {
    element e = element_of(type);
    put_dataset_head(l, "", &e);
    put_shape(l, rank, extents, chunk_rank, chunk, words);
    if (e.memory >= 0) H5Tclose(e.memory);
  }
  H5Pclose(creation);
  H5Tclose(type);
}

static void list_group(listing *l, hid_t group, haddr_t address);

static void list_object(listing *l, hid_t group, const char *name, H5L_type_t link) {
  H5Eclear2(H5E_DEFAULT);
  hid_t object = H5Oopen(group, name, l->w->link_access);
  H5O_info_t info;
  if (object < 0 && link != H5L_TYPE_HARD) return put_problem(l, "a link that leads nowhere, or into another file");
  if (object < 0) return put_problem(l, last_error());
  if (H5Oget_info(object, &info) < 0) {
    put_problem(l, "a damaged description");
  } else if (info.type == H5O_TYPE_GROUP) {
    put_u8(l->w, 'g');
    put_text(l->w, l->path, l->length);
    list_group(l, object, info.addr);
  } else if (info.type == H5O_TYPE_DATASET) {
    list_dataset(l, object);
  }
  H5Oclose(object);
}

static herr_t list_link(hid_t group, const char *name, const H5L_info_t *link, void *data) {
  listing *l = data;
  size_t length = strlen(name), before = l->length;
  if (++l->objects > OBJECT_LIMIT) return -1;
  extend_time();
  char *path = realloc(l->path, before + length + 2);
  if (!path) return -1;
  l->path = path;
  if (before) path[l->length++] = '/';
  memcpy(path + l->length, name, length + 1);
  l->length += length;
  list_object(l, group, name, link->type);
  l->length = before;
  l->path[before] = '\0';
  return 0;
}

static void list_group(listing *l, hid_t group, haddr_t address) {
  for (int i = 0; i < l->depth; i++) {
    if (l->above[i] == address) return put_problem(l, "a link back to a group that it stands in");
  }
  if (l->depth == DEPTH_LIMIT) return put_problem(l, "groups in more than 64 levels");
  l->above[l->depth++] = address;
  hsize_t index = 0;
  if (H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, list_link, l) < 0) put_problem(l, "a damaged group");
  l->depth--;
}

void list(worker *w) {
  listing l = {.w = w, .path = calloc(1, 1)};
  H5O_info_t info;
  hid_t root = H5Gopen2(w->file, "/", H5P_DEFAULT);
  if (!l.path || root < 0 || H5Oget_info(root, &info) < 0) {
    fail_answer(w, CLEW_HDF5_MALFORMED, NULL);
  } else {
    list_group(&l, root, info.addr);
    if (l.objects > OBJECT_LIMIT) fail_answer(w, CLEW_HDF5_TOO_LARGE, "more than 1000000 objects");
    else end_answer(w);
  }
  if (root >= 0) H5Gclose(root);
  free(l.path);
}

static void put_attribute_value(worker *w, hid_t attribute, hid_t type, element *e, int rank, const hsize_t *extents) {
  uint64_t count = 1;
  for (int axis = 0; axis < rank; axis++) {
    if (extents[axis] && count > BLOCK_BYTES / extents[axis]) count = BLOCK_BYTES + 1;
    else count *= extents[axis];
  }
  void *values = NULL;
  if (!e->problem[0]) {
    if (count > BLOCK_BYTES / e->size) snprintf(e->problem, sizeof e->problem, "more than 8 MB");
    else if (!(values = calloc(count ? count : 1, e->size))) snprintf(e->problem, sizeof e->problem, "too little memory");
    else if (H5Aread(attribute, e->memory, values) < 0) snprintf(e->problem, sizeof e->problem, "damaged values");
  }
  put_string(w, e->problem);
  put_string(w, e->problem[0] ? "" : e->wire);
  put_u32(w, (uint32_t)rank);
  for (int axis = 0; axis < rank; axis++) put_u64(w, extents[axis]);
  if (!e->problem[0] && !strcmp(e->wire, "string")) {
    hid_t space = H5Aget_space(attribute);
    put_texts(w, e->memory, space, values, count);
    if (space >= 0) H5Sclose(space);
  } else if (!e->problem[0]) {
    put_u64(w, count * e->size);
    put_bytes(w, values, count * e->size);
  }
  (void)type;
  free(values);
}

static herr_t put_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data) {
  (void)info;
  worker *w = data;
  hsize_t extents[RANK_LIMIT];
  extend_time();
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return 0;
  hid_t type = H5Aget_type(attribute);
  int rank = extents_of(H5Aget_space(attribute), extents);
  element e = element_of(type);
  if (rank < 0) {
    rank = 0;
    if (!e.problem[0]) snprintf(e.problem, sizeof e.problem, "no value");
  }
  put_string(w, name);
  put_attribute_value(w, attribute, type, &e, rank, extents);
  if (e.memory >= 0) H5Tclose(e.memory);
  if (type >= 0) H5Tclose(type);
  H5Aclose(attribute);
  return 0;
}

void list_attributes(worker *w, request *r) {
  char *name = take_text(r);
  hid_t object = name ? H5Oopen(w->file, *name ? name : "/", w->link_access) : -1;
  hsize_t index = 0;
  if (object < 0) fail_answer(w, CLEW_HDF5_UNKNOWN_NAME, "no object of that name");
  else if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, put_attribute, w) < 0)
    fail_answer(w, CLEW_HDF5_MALFORMED, NULL);
  else end_answer(w);
  if (object >= 0) H5Oclose(object);
  free(name);
}
