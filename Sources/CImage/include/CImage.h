#pragma once
#include <stddef.h>
#include <stdint.h>

// Functions over libpng, libjpeg-turbo and libtiff which neither print nor leave by longjmp. Whatever the bytes are, each
// returns a status, and on failure one line of text. Nothing is allocated here by what a header promises:
// the caller asks for the extents, decides whether they are believable, and brings the memory.

enum {
  CLEW_IMAGE_OK = 0,
  /// The bytes are not a whole and sound picture.
  CLEW_IMAGE_MALFORMED = 1,
  /// The picture is sound but of a kind that is not read here.
  CLEW_IMAGE_UNSUPPORTED = 2,
  /// Memory ran out.
  CLEW_IMAGE_NO_MEMORY = 3,
};

enum { CLEW_IMAGE_MESSAGE_SIZE = 256 };

typedef struct {
  uint32_t width, height;
  /// Bits of one stored sample: 1, 2, 4, 8 or 16.
  uint32_t stored_bits;
  /// Samples of one stored pixel (a palette stores one), which with stored_bits bounds what the file must hold.
  uint32_t stored_samples;
  /// Colour samples of one decoded pixel: 1 grey, 3 red, green, blue.
  uint32_t channels;
  /// 1 if a decoded pixel carries an alpha sample behind its colours.
  uint32_t has_alpha;
} clew_image_info;

/// Reads extents and kind of a PNG, without decoding pixels.
int clew_png_read_info(const uint8_t *bytes, size_t size, clew_image_info *info, char *message);

/// Decodes a PNG into 8-bit samples, height rows of width * (channels + has_alpha) bytes, `capacity` bytes in all.
/// Palettes and fewer than 8 bits are expanded; 16 bits are scaled to 8 (v * 255 / 65535, rounded).
/// Deeper samples can be offered later by a parameter: `stored_bits` already tells that a file has them.
int clew_png_read(const uint8_t *bytes, size_t size, uint8_t *pixels, size_t capacity, char *message);

/// Encodes 8-bit pixels of 1 (grey), 3 (RGB) or 4 (RGBA) channels. On success `*bytes` is to be given to clew_image_free.
/// The same pixels give the same bytes: no time stamp or other text is written.
int clew_png_write(
  const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, uint8_t **bytes, size_t *size, char *message);

/// Decodes a PNG of 16 bits into its samples, native byte order, height rows of width * (channels + has_alpha) of them.
int clew_png_read_16(const uint8_t *bytes, size_t size, uint16_t *samples, size_t capacity, char *message);

/// Reads extents and kind of a JPEG, without decoding pixels.
int clew_jpeg_read_info(const uint8_t *bytes, size_t size, clew_image_info *info, char *message);

/// Decodes a JPEG into height rows of width * channels bytes. Any warning of the decoder is a failure, because its
/// warnings stand for pixels that it made up.
int clew_jpeg_read(
  const uint8_t *bytes, size_t size, const clew_image_info *info, uint8_t *pixels, size_t capacity, char *message);

/// Frees what clew_png_write returned.
void clew_image_free(uint8_t *bytes);

/// A TIFF, open for reading. Not for two threads at once.
typedef struct clew_tiff clew_tiff;

typedef struct {
  uint32_t width, height;
  uint32_t samples, bits;
  uint8_t is_float, is_signed;
  /// One sample that is a brightness, in a page that clew_tiff_read_colors reads.
  uint8_t is_grey;
  /// Samples are no brightnesses (a palette, YCbCr, …) or have fewer than 8 bits: clew_tiff_read_colors is the way to read them.
  uint8_t is_encoded;
  /// There is no page of this number; nothing else is set.
  uint8_t is_end;
  /// Bytes that the page's data can become at most when decompressed.
  uint64_t byte_bound;
} clew_tiff_info;

/// Opens the file `path`. On success `*result` is to be given to clew_tiff_close.
int clew_tiff_open(const char *path, clew_tiff **result, char *message);
void clew_tiff_close(clew_tiff *file);

/// Reads extents and kind of a page. Cheap in ascending order.
int clew_tiff_read_info(clew_tiff *file, uint32_t page, clew_tiff_info *info, char *message);

/// The name of a page, or its description, which the next call on the file may free; NULL if it has none.
const char *clew_tiff_text(clew_tiff *file, uint32_t page, int is_name);

/// Decodes a page into height rows of width * samples samples, native byte order, `capacity` bytes in all. Bits are a multiple of 8.
int clew_tiff_read(clew_tiff *file, uint32_t page, const clew_tiff_info *info, void *pixels, size_t capacity, char *message);

/// Decodes a page into red, green, blue and opacity, of 8 bits each, the colours already multiplied by the opacity.
int clew_tiff_read_colors(
  clew_tiff *file, uint32_t page, const clew_tiff_info *info, uint8_t *pixels, size_t capacity, char *message);
