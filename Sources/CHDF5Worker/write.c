#include <stdlib.h>
#include <string.h>

#include "worker.h"

/// Bytes of a chunk where the caller has no wish.
enum { CHUNK_TARGET = 1 << 18 };

/// Ends the answer by what has happened.
static void end_write(worker *w, int ok) {
  if (ok) end_answer(w);
  else fail_answer(w, CLEW_HDF5_UNWRITABLE, NULL);
}

/// Chunks of about the target: the first axes are halved first, so that a chunk stays a run of whole rows.
static void choose_chunk(int rank, const hsize_t *extents, size_t size, hsize_t *chunk) {
  uint64_t bytes = size;
  for (int axis = 0; axis < rank; axis++) {
    chunk[axis] = extents[axis] ? extents[axis] : 1;
    bytes = chunk[axis] > UINT64_MAX / 16 / bytes ? UINT64_MAX / 16 : bytes * chunk[axis];
  }
  for (int axis = 0; axis < rank; axis++) {
    while (bytes > CHUNK_TARGET && chunk[axis] > 1) {
      bytes = bytes / chunk[axis];
      chunk[axis] = (chunk[axis] + 1) / 2;
      bytes *= chunk[axis];
    }
  }
}

/// Makes groups on the way to an object, and no date: the same content gives the same bytes.
static hid_t link_creation(void) {
  hid_t creation = H5Pcreate(H5P_LINK_CREATE);
  if (creation >= 0) {
    H5Pset_create_intermediate_group(creation, 1);
    H5Pset_char_encoding(creation, H5T_CSET_UTF8);
  }
  return creation;
}

void create_dataset(worker *w, request *r) {
  hsize_t extents[RANK_LIMIT], chunk[RANK_LIMIT];
  int rank = 0, chunk_rank = 0, ok = 0;
  char *name = take_text(r), *wire = take_text(r);
  ok = name && wire && take_extents(r, &rank, extents);
  int deflates = (int)take_u32(r);
  ok = ok && take_extents(r, &chunk_rank, chunk) && (chunk_rank == 0 || chunk_rank == rank);
  hid_t type = ok ? memory_type(wire) : -1;
  hid_t space = ok ? rank ? H5Screate_simple(rank, extents, NULL) : H5Screate(H5S_SCALAR) : -1;
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE), link = link_creation();
  ok = ok && type >= 0 && space >= 0 && creation >= 0 && link >= 0;
  if (ok) {
    H5Pset_obj_track_times(creation, 0);
    if (rank > 0 && chunk_rank == 0 && deflates) {
      choose_chunk(rank, extents, H5Tget_size(type), chunk);
      chunk_rank = rank;
    }
    if (chunk_rank > 0) H5Pset_chunk(creation, chunk_rank, chunk);
    if (chunk_rank > 0 && deflates) {
      H5Pset_shuffle(creation);
      H5Pset_deflate(creation, 4);
    }
    hid_t dataset = H5Dcreate2(w->file, name, type, space, link, creation, H5P_DEFAULT);
    ok = dataset >= 0;
    if (ok) H5Dclose(dataset);
  }
  end_write(w, ok);
  if (type >= 0) H5Tclose(type);
  if (space >= 0) H5Sclose(space);
  if (creation >= 0) H5Pclose(creation);
  if (link >= 0) H5Pclose(link);
  free(name);
  free(wire);
}

void write_elements(worker *w, request *r) {
  hsize_t start[RANK_LIMIT], count[RANK_LIMIT];
  int rank = 0;
  char *name = take_text(r);
  int ok = name && take_selection(r, &rank, start, count);
  hid_t dataset = ok ? H5Dopen2(w->file, name, H5P_DEFAULT) : -1;
  hid_t type = dataset >= 0 ? H5Dget_type(dataset) : -1, space = dataset >= 0 ? H5Dget_space(dataset) : -1;
  hsize_t elements = 1;
  for (int axis = 0; axis < rank; axis++) elements *= count[axis];
  hid_t memory = H5Screate_simple(1, &elements, NULL);
  ok = ok && type >= 0 && space >= 0 && memory >= 0 && r->left == elements * H5Tget_size(type);
  if (ok && rank > 0 && elements > 0) ok = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
  if (ok && elements > 0) ok = H5Dwrite(dataset, type, memory, rank ? space : H5S_ALL, H5P_DEFAULT, r->bytes) >= 0;
  end_write(w, ok);
  if (memory >= 0) H5Sclose(memory);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (dataset >= 0) H5Dclose(dataset);
  free(name);
}

static hid_t text_type(void) {
  hid_t type = H5Tcopy(H5T_C_S1);
  if (type >= 0) {
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
  }
  return type;
}

void write_texts(worker *w, request *r) {
  hsize_t extents[RANK_LIMIT];
  int rank = 0;
  char *name = take_text(r);
  int ok = name && take_extents(r, &rank, extents);
  size_t count = 1;
  for (int axis = 0; ok && axis < rank; axis++) count *= extents[axis];
  // Each text takes at least its length.
  ok = ok && count <= r->left / 4;
  char **texts = ok ? calloc(count ? count : 1, sizeof *texts) : NULL;
  for (size_t i = 0; texts && i < count; i++) ok = ok && (texts[i] = take_text(r)) != NULL;
  hid_t type = text_type(), link = link_creation(), creation = H5Pcreate(H5P_DATASET_CREATE);
  hid_t space = ok ? rank ? H5Screate_simple(rank, extents, NULL) : H5Screate(H5S_SCALAR) : -1;
  ok = ok && texts && type >= 0 && link >= 0 && creation >= 0 && space >= 0;
  if (ok) {
    H5Pset_obj_track_times(creation, 0);
    hid_t dataset = H5Dcreate2(w->file, name, type, space, link, creation, H5P_DEFAULT);
    ok = dataset >= 0 && (count == 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, texts) >= 0);
    if (dataset >= 0) H5Dclose(dataset);
  }
  end_write(w, ok);
  if (space >= 0) H5Sclose(space);
  if (creation >= 0) H5Pclose(creation);
  if (link >= 0) H5Pclose(link);
  if (type >= 0) H5Tclose(type);
  for (size_t i = 0; texts && i < count; i++) free(texts[i]);
  free(texts);
  free(name);
}

void write_attribute(worker *w, request *r) {
  char *object_name = take_text(r), *name = take_text(r), *text = take_text(r);
  int ok = object_name && name && text;
  hid_t object = ok ? H5Oopen(w->file, object_name, H5P_DEFAULT) : -1;
  hid_t type = text_type(), space = H5Screate(H5S_SCALAR);
  hid_t attribute = object >= 0 ? H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT) : -1;
  ok = attribute >= 0 && H5Awrite(attribute, type, &text) >= 0;
  end_write(w, ok);
  if (attribute >= 0) H5Aclose(attribute);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  if (object >= 0) H5Oclose(object);
  free(object_name);
  free(name);
  free(text);
}
