#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker.h"

static const uint8_t *take(request *r, size_t count) {
  if (r->failed || count > r->left) {
    r->failed = 1;
    return NULL;
  }
  const uint8_t *bytes = r->bytes;
  r->bytes += count;
  r->left -= count;
  return bytes;
}

uint32_t take_u32(request *r) {
  uint32_t value = 0;
  const uint8_t *bytes = take(r, sizeof value);
  if (bytes) memcpy(&value, bytes, sizeof value);
  return value;
}

uint64_t take_u64(request *r) {
  uint64_t value = 0;
  const uint8_t *bytes = take(r, sizeof value);
  if (bytes) memcpy(&value, bytes, sizeof value);
  return value;
}

char *take_text(request *r) {
  uint32_t length = take_u32(r);
  const uint8_t *bytes = take(r, length);
  if (!bytes) return NULL;
  char *text = malloc((size_t)length + 1);
  if (!text) return NULL;
  memcpy(text, bytes, length);
  text[length] = '\0';
  return text;
}

int take_extents(request *r, int *rank, hsize_t *extents) {
  uint32_t stated = take_u32(r);
  if (stated > RANK_LIMIT) return 0;
  *rank = (int)stated;
  for (int axis = 0; axis < *rank; axis++) extents[axis] = take_u64(r);
  return !r->failed;
}

int take_selection(request *r, int *rank, hsize_t *start, hsize_t *count) {
  if (!take_extents(r, rank, start)) return 0;
  for (int axis = 0; axis < *rank; axis++) count[axis] = take_u64(r);
  return !r->failed;
}

/// Ends the process where nobody listens any more.
static void send_all(int socket, const void *data, size_t count) {
  const uint8_t *bytes = data;
  while (count > 0) {
    ssize_t sent = write(socket, bytes, count);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) _exit(0);
    bytes += sent;
    count -= (size_t)sent;
  }
}

static void send_frame(worker *w, uint32_t code, const void *bytes, size_t count) {
  clew_hdf5_frame head = {.code = code, .reserved = 0, .length = count};
  send_all(w->socket, &head, sizeof head);
  send_all(w->socket, bytes, count);
}

static void flush(worker *w) {
  if (w->used) send_frame(w, CLEW_HDF5_DATA, w->frame, w->used);
  w->used = 0;
}

void put_bytes(worker *w, const void *data, size_t count) {
  const uint8_t *bytes = data;
  while (count > 0) {
    if (w->used == BLOCK_BYTES) flush(w);
    size_t part = count < BLOCK_BYTES - w->used ? count : BLOCK_BYTES - w->used;
    memcpy(w->frame + w->used, bytes, part);
    w->used += part;
    bytes += part;
    count -= part;
  }
}

void put_u8(worker *w, uint8_t value) { put_bytes(w, &value, sizeof value); }
void put_u32(worker *w, uint32_t value) { put_bytes(w, &value, sizeof value); }
void put_u64(worker *w, uint64_t value) { put_bytes(w, &value, sizeof value); }

void put_text(worker *w, const char *text, size_t length) {
  put_u32(w, (uint32_t)length);
  put_bytes(w, text, length);
}

void put_string(worker *w, const char *text) { put_text(w, text, strlen(text)); }

void end_answer(worker *w) {
  flush(w);
  send_frame(w, CLEW_HDF5_END, NULL, 0);
}

/// The innermost entry of the error stack is what happened; those above say on whose behalf.
static herr_t innermost(unsigned depth, const H5E_error2_t *error, void *target) {
  (void)depth;
  if (error->desc && *error->desc) snprintf(target, 200, "%s", error->desc);
  return 1;
}

const char *last_error(void) {
  static char found[200];
  found[0] = '\0';
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, found);
  return found[0] ? found : "no reason given by the HDF5 library";
}

void fail_answer(worker *w, uint32_t code, const char *text) {
  if (!text) text = last_error();
  // What has been collected but not sent is void.
  w->used = 0;
  send_frame(w, code, text, strlen(text));
}
