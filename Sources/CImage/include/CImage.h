#pragma once
#include <stddef.h>
#include <stdint.h>

// Functions over libpng and libjpeg-turbo which neither print nor leave by longjmp. Whatever the bytes are, each
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

/// Reads extents and kind of a JPEG, without decoding pixels.
int clew_jpeg_read_info(const uint8_t *bytes, size_t size, clew_image_info *info, char *message);

/// Decodes a JPEG into height rows of width * channels bytes. Any warning of the decoder is a failure, because its
/// warnings stand for pixels that it made up.
int clew_jpeg_read(
  const uint8_t *bytes, size_t size, const clew_image_info *info, uint8_t *pixels, size_t capacity, char *message);

/// Frees what clew_png_write returned.
void clew_image_free(uint8_t *bytes);
