#pragma once
#include <stddef.h>
#include <stdint.h>
#define H5_USE_110_API
#include <hdf5.h>

#include "include/CHDF5Worker.h"

/// Most axes that HDF5 allows.
enum { RANK_LIMIT = H5S_MAX_RANK };
/// Bytes of elements that are read and sent at a time.
enum { BLOCK_BYTES = 8 << 20 };
/// Memory for one chunk, as the file states it. Both a chunk and what its filters make of it must fit under the worker's limit.
enum { CHUNK_LIMIT = 256 << 20 };

typedef struct {
  int socket;
  hid_t file;
  /// Bytes of the file when it was opened.
  uint64_t file_size;
  /// For every opening of an object: links into other files are not followed.
  hid_t link_access;
  /// A frame that is being collected.
  uint8_t *frame;
  size_t used;
} worker;

/// What came with a request.
typedef struct {
  const uint8_t *bytes;
  size_t left;
  int failed;
} request;

uint32_t take_u32(request *r);
uint64_t take_u64(request *r);
/// A copy that the caller frees; NULL if the request is malformed.
char *take_text(request *r);
/// Rank, then twice that many numbers. Returns 0 if malformed.
int take_selection(request *r, int *rank, hsize_t *start, hsize_t *count);
/// Rank, then that many numbers. Returns 0 if malformed.
int take_extents(request *r, int *rank, hsize_t *extents);

void put_bytes(worker *w, const void *bytes, size_t count);
void put_u8(worker *w, uint8_t value);
void put_u32(worker *w, uint32_t value);
void put_u64(worker *w, uint64_t value);
void put_text(worker *w, const char *text, size_t length);
void put_string(worker *w, const char *text);
/// Sends what is collected, and then the frame that ends the answer.
void end_answer(worker *w);
/// Ends the answer with an error. `text` may be NULL: then it is what the library says.
void fail_answer(worker *w, uint32_t code, const char *text);
/// What the library says of its last failure, in one line that the next call replaces.
const char *last_error(void);
/// Allows the worker some more seconds of processor time: called wherever it makes progress.
void extend_time(void);

/// A type as it is read and sent.
typedef struct {
  /// As the file has it: "int16", "float16", "string", …; "" if it is not read.
  const char *stored;
  /// As it is sent.
  const char *wire;
  /// Why it is not read; "" otherwise.
  char problem[96];
  /// In memory; to be closed. Negative if there is none.
  hid_t memory;
  /// Bytes of one element in memory.
  size_t size;
} element;

/// Judges the type `type` of a file.
element element_of(hid_t type);
/// The type in memory for a name on the wire, to be closed; negative if there is none.
hid_t memory_type(const char *name);
/// The extents of `space`, which is closed. Returns the rank, or -1.
int extents_of(hid_t space, hsize_t *extents);

void list(worker *w);
void list_attributes(worker *w, request *r);
void read_elements(worker *w, request *r, int texts);
/// Sends `count` texts of `type` from memory, and frees those that the library made.
void put_texts(worker *w, hid_t type, hid_t space, void *texts, size_t count);
void create_dataset(worker *w, request *r);
void write_elements(worker *w, request *r);
void write_texts(worker *w, request *r);
void write_attribute(worker *w, request *r);
