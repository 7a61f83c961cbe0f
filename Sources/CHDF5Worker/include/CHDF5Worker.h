#pragma once
#include <stdint.h>

// libhdf5 in a process of its own, spoken to over a socket.
//
// The library trusts files in places: a damaged one can make it read or write where it should not, ask for any amount of memory,
// or never come to an end. In a process of its own, under limits, all of that ends the process and not the program. It also makes
// the library's single global lock, and what it prints, a matter of that process alone.
//
// Requests and answers are frames: a code and a length (clew_hdf5_frame), then that many bytes, numbers in native order.
// To every request the worker answers any number of CLEW_HDF5_DATA frames and then one of another code.
// A text is its length in 4 bytes and its bytes.

typedef struct {
  uint32_t code;
  uint32_t reserved;
  uint64_t length;
} clew_hdf5_frame;

/// Requests.
enum {
  /// Everything in the file. Answer: records, each starting with a byte:
  /// 'g', a group: name;
  /// 'd', a dataset or a field of one: name, field (empty: none), problem (empty: none), stored type, type on the wire ("" if
  ///   there is a problem, "string" for texts), rank (4 bytes), extents (8 bytes each), 1 if chunked (1 byte), then the
  ///   extents of a chunk, and the filters in words.
  CLEW_HDF5_LIST = 1,
  /// Elements of a dataset. Request: name, field, rank, first index and number along each axis. Answer: the number of
  /// bytes (8 bytes), then the elements, row-major.
  CLEW_HDF5_READ = 2,
  /// The same for texts. Answer: the texts.
  CLEW_HDF5_READ_TEXTS = 3,
  /// Attributes of an object. Request: name. Answer: for each its name, problem, type on the wire, rank, extents,
  /// and bytes (length in 8 bytes) or texts.
  CLEW_HDF5_ATTRIBUTES = 4,
  /// Makes a dataset. Request: name, type, rank, extents, 1 for deflate (1 byte), rank of a chunk (0: not chunked), its extents.
  CLEW_HDF5_CREATE = 5,
  /// Writes elements. Request: name, rank, first index and number along each axis, elements.
  CLEW_HDF5_WRITE = 6,
  /// Writes a dataset of texts. Request: name, rank, extents, texts.
  CLEW_HDF5_WRITE_TEXTS = 7,
  /// Writes an attribute that is a text. Request: object ("/" for the file), name, text.
  CLEW_HDF5_WRITE_ATTRIBUTE = 8,
  /// Closes the file and ends the worker.
  CLEW_HDF5_CLOSE = 9,
};

/// Answers.
enum {
  CLEW_HDF5_DATA = 0,
  CLEW_HDF5_END = 1,
  /// Failures; each brings a line of text.
  CLEW_HDF5_MALFORMED = 2,
  CLEW_HDF5_UNSUPPORTED = 3,
  CLEW_HDF5_TOO_LARGE = 4,
  CLEW_HDF5_UNKNOWN_NAME = 5,
  CLEW_HDF5_UNWRITABLE = 6,
};

/// Starts a worker on `path`, which it opens for reading, or makes anew if `writes` is set, and answers for as if asked to.
/// `*descriptor` is the socket, `*process` the worker's number for clew_hdf5_stop. Returns 0, or an error number.
int clew_hdf5_start(const char *path, int writes, int *descriptor, int *process);

/// Closes the socket, ends the worker if it still runs, and waits for it. Returns the number of the signal that ended the worker
/// before that, or 0.
int clew_hdf5_stop(int descriptor, int process);
