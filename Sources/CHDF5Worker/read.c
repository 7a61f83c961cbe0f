#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

/// Memory for chunks that are decoded and will be needed again by the next block.
enum { CACHE_LIMIT = 128 << 20 };
/// Bytes of a dataset that may be more than the file accounts for: what was never written reads as a fill value.
enum { UNSTORED_LIMIT = 64 << 20 };
/// Texts of variable length that are read at a time.
enum { TEXT_BLOCK = 1024 };

typedef struct {
  hid_t dataset, space, type;
  element e;
  int rank;
  hsize_t start[RANK_LIMIT], count[RANK_LIMIT];
  uint64_t elements;
} reading;

/// Bytes of one chunk, 0 if the dataset is not chunked.
static uint64_t chunk_bytes(hid_t creation, size_t size, hsize_t *chunk) {
  if (H5Pget_layout(creation) != H5D_CHUNKED) return 0;
  int rank = H5Pget_chunk(creation, RANK_LIMIT, chunk);
  uint64_t bytes = size;
  for (int axis = 0; axis < rank; axis++) {
    if (chunk[axis] == 0 || bytes > (uint64_t)CHUNK_LIMIT * 4 / chunk[axis]) return UINT64_MAX;
    bytes *= chunk[axis];
  }
  return bytes;
}

/// Opens the dataset with a cache for the chunks along a row of them, so that none is decoded twice.
static hid_t open_dataset(worker *w, const char *name) {
  hid_t dataset = H5Dopen2(w->file, name, w->link_access);
  if (dataset < 0) return dataset;
  hid_t type = H5Dget_type(dataset), creation = H5Dget_create_plist(dataset);
  hsize_t extents[RANK_LIMIT], chunk[RANK_LIMIT];
  int rank = extents_of(H5Dget_space(dataset), extents);
  uint64_t bytes = creation < 0 || type < 0 ? 0 : chunk_bytes(creation, H5Tget_size(type), chunk);
  if (creation >= 0) H5Pclose(creation);
  if (type >= 0) H5Tclose(type);
  if (bytes == 0 || rank < 1 || bytes > CACHE_LIMIT) return dataset;
  uint64_t row = bytes;
  for (int axis = 1; axis < rank; axis++) {
    uint64_t number = extents[axis] / chunk[axis] + 1;
    row = number > CACHE_LIMIT / row ? CACHE_LIMIT : row * number;
  }
  hid_t access = H5Pcopy(w->link_access);
  if (access < 0) return dataset;
  // The number of slots is a prime, as the library wants it.
  H5Pset_chunk_cache(access, 10007, row < (1 << 20) ? 1 << 20 : (size_t)row, 1.0);
  H5Dclose(dataset);
  dataset = H5Dopen2(w->file, name, access);
  H5Pclose(access);
  return dataset;
}

/// The type in memory of one field of a compound: a compound of that field alone.
static element field_of(hid_t type, const char *field) {
  element result = {.stored = "", .wire = "", .problem = "no field of that name", .memory = -1};
  int index = H5Tget_class(type) == H5T_COMPOUND ? H5Tget_member_index(type, field) : -1;
  hid_t member = index < 0 ? -1 : H5Tget_member_type(type, (unsigned)index);
  if (member < 0) return result;
  result = element_of(member);
  H5Tclose(member);
  if (result.memory < 0) return result;
  hid_t compound = H5Tcreate(H5T_COMPOUND, result.size);
  if (compound >= 0) H5Tinsert(compound, field, 0, result.memory);
  H5Tclose(result.memory);
  result.memory = compound;
  return result;
}

/// Opens what is asked for and judges whether it can be read. Returns 0, having answered, if not.
static int open_reading(worker *w, request *r, reading *d) {
  char *name = take_text(r), *field = take_text(r);
  int answered = 0;
  d->dataset = d->space = d->type = d->e.memory = -1;
  if (!name || !field || !take_selection(r, &d->rank, d->start, d->count)) {
    fail_answer(w, CLEW_HDF5_UNSUPPORTED, "a malformed request");
    answered = 1;
  } else if ((d->dataset = open_dataset(w, name)) < 0) {
    fail_answer(w, CLEW_HDF5_UNKNOWN_NAME, "no dataset of that name");
    answered = 1;
  } else {
    d->type = H5Dget_type(d->dataset);
    d->space = H5Dget_space(d->dataset);
    d->e = *field ? field_of(d->type, field) : element_of(d->type);
    if (d->e.problem[0]) {
      fail_answer(w, CLEW_HDF5_UNSUPPORTED, d->e.problem);
      answered = 1;
    } else if (d->e.memory < 0 || d->space < 0) {
      fail_answer(w, CLEW_HDF5_MALFORMED, NULL);
      answered = 1;
    }
  }
  free(name);
  free(field);
  return !answered;
}

static void close_reading(reading *d) {
  if (d->e.memory >= 0) H5Tclose(d->e.memory);
  if (d->type >= 0) H5Tclose(d->type);
  if (d->space >= 0) H5Sclose(d->space);
  if (d->dataset >= 0) H5Dclose(d->dataset);
}

/// Whether the selection lies in the dataset, and the file holds enough to account for it. Answers if not.
static int check(worker *w, reading *d) {
  hsize_t extents[RANK_LIMIT], chunk[RANK_LIMIT];
  char text[160];
  int rank = extents_of(H5Scopy(d->space), extents);
  int inside = rank == d->rank;
  uint64_t limit = UINT64_MAX / 64 / d->e.size;
  d->elements = 1;
  for (int axis = 0; axis < rank && inside; axis++) {
    inside = d->start[axis] <= extents[axis] && d->count[axis] <= extents[axis] - d->start[axis];
    if (d->count[axis] && d->elements > limit / d->count[axis]) inside = 0;
    else d->elements *= d->count[axis];
  }
  if (!inside) {
    fail_answer(w, CLEW_HDF5_MALFORMED, "a selection outside the dataset");
    return 0;
  }
  hid_t creation = H5Dget_create_plist(d->dataset);
  size_t stored_size = H5Tget_size(d->type);
  if (creation < 0 || stored_size == 0) {
    fail_answer(w, CLEW_HDF5_MALFORMED, NULL);
    return 0;
  }
  uint64_t bytes = chunk_bytes(creation, stored_size, chunk);
  int filters = H5Pget_nfilters(creation), external = H5Pget_external_count(creation);
  int is_virtual = H5Pget_layout(creation) == H5D_VIRTUAL;
  H5Pclose(creation);
  if (external > 0 || is_virtual) {
    fail_answer(w, CLEW_HDF5_UNSUPPORTED, "elements in other files");
    return 0;
  }
  if (bytes > CHUNK_LIMIT) {
    fail_answer(w, CLEW_HDF5_TOO_LARGE, "chunks of more than 256 MB");
    return 0;
  }
  // Deflate cannot grow data by more than about 1032. What the file's own index says it stores may be a lie, too.
  uint64_t stored = H5Dget_storage_size(d->dataset);
  if (stored > w->file_size) stored = w->file_size;
  uint64_t justified = UNSTORED_LIMIT / stored_size + stored / stored_size + 1;
  if (filters > 0) justified += stored * 1032 / stored_size;
  if (d->elements > justified) {
    snprintf(
      text, sizeof text, "%llu elements, of which the file can hold %llu", (unsigned long long)d->elements,
      (unsigned long long)justified);
    fail_answer(w, CLEW_HDF5_MALFORMED, text);
    return 0;
  }
  return 1;
}

/// Reads one block into `buffer`. Returns -1 on failure.
static int read_block(reading *d, const hsize_t *start, const hsize_t *count, hsize_t elements, void *buffer) {
  extend_time();
  hid_t memory = H5Screate_simple(1, &elements, NULL);
  int status = memory < 0 ? -1 : 0;
  if (status == 0 && d->rank > 0) status = H5Sselect_hyperslab(d->space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ? -1 : 0;
  if (status == 0) {
    hid_t file_space = d->rank > 0 ? d->space : H5S_ALL;
    status = H5Dread(d->dataset, d->e.memory, memory, file_space, H5P_DEFAULT, buffer) < 0 ? -1 : 0;
  }
  if (memory >= 0) H5Sclose(memory);
  return status;
}

/// Sends what `buffer` holds: elements, or texts of which those of variable length are freed.
static void put_block(worker *w, reading *d, int texts, void *buffer, hsize_t elements) {
  if (!texts) return put_bytes(w, buffer, elements * d->e.size);
  hid_t memory = H5Screate_simple(1, &elements, NULL);
  put_texts(w, d->e.memory, memory, buffer, elements);
  if (memory >= 0) H5Sclose(memory);
}

void read_elements(worker *w, request *r, int texts) {
  reading d;
  if (open_reading(w, r, &d)) {
    if (texts != !strcmp(d.e.wire, "string")) fail_answer(w, CLEW_HDF5_UNSUPPORTED, texts ? "numbers" : "texts");
    else if (check(w, &d)) {
      uint64_t limit = BLOCK_BYTES / d.e.size;
      if (texts && limit > TEXT_BLOCK) limit = TEXT_BLOCK;
      // The axis along which blocks are cut: behind it everything fits into one.
      int cut = d.rank;
      uint64_t inner = 1;
      while (cut > 0 && (d.count[cut - 1] == 0 || inner <= limit / d.count[cut - 1])) inner *= d.count[--cut];
      void *buffer = malloc(BLOCK_BYTES);
      hsize_t start[RANK_LIMIT], count[RANK_LIMIT];
      for (int axis = 0; axis < d.rank; axis++) {
        start[axis] = d.start[axis];
        count[axis] = axis < cut ? 1 : d.count[axis];
      }
      int failed = !buffer;
      int done = d.elements == 0;
      if (!texts) put_u64(w, d.elements * d.e.size);
      while (!done && !failed) {
        hsize_t elements = inner;
        if (cut > 0) {
          hsize_t left = d.start[cut - 1] + d.count[cut - 1] - start[cut - 1], step = limit / inner;
          count[cut - 1] = step < left ? step : left;
          elements *= count[cut - 1];
        }
        failed = read_block(&d, start, count, elements, buffer) < 0;
        if (!failed) put_block(w, &d, texts, buffer, elements);
        // Count on, the axis that is cut fastest.
        int axis = cut - 1;
        while (axis >= 0) {
          start[axis] += count[axis];
          if (start[axis] < d.start[axis] + d.count[axis]) break;
          start[axis] = d.start[axis];
          axis--;
        }
        done = axis < 0;
      }
      free(buffer);
      if (failed) fail_answer(w, CLEW_HDF5_MALFORMED, NULL);
      else end_answer(w);
    }
  }
  close_reading(&d);
}

/// The length of a text of a fixed size, without what pads it.
static size_t fixed_length(const char *text, size_t size, H5T_str_t padding) {
  size_t length = padding == H5T_STR_SPACEPAD ? size : strnlen(text, size);
  while (padding == H5T_STR_SPACEPAD && length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\0')) length--;
  return length;
}

void put_texts(worker *w, hid_t type, hid_t space, void *texts, size_t count) {
  // Of a compound of one field, what counts is the field.
  hid_t text = H5Tget_class(type) == H5T_COMPOUND ? H5Tget_member_type(type, 0) : H5Tcopy(type);
  size_t size = H5Tget_size(text);
  if (H5Tis_variable_str(text) > 0) {
    char **pointers = texts;
    for (size_t i = 0; i < count; i++) put_text(w, pointers[i] ? pointers[i] : "", pointers[i] ? strlen(pointers[i]) : 0);
    if (space >= 0) H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
  } else {
    H5T_str_t padding = H5Tget_strpad(text);
    for (size_t i = 0; i < count; i++) {
      const char *start = (const char *)texts + i * size;
      put_text(w, start, fixed_length(start, size, padding));
    }
  }
  H5Tclose(text);
}
