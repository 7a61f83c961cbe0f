#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "include/CImage.h"
#include "message.h"

// From 4.5 on libtiff takes handlers and limits for one file; before, handlers are the whole program's.
#define HAS_OPTIONS (TIFFLIB_VERSION >= 20221213)

/// More than any strip or tile that is written.
enum { ALLOCATION_LIMIT = 256 << 20 };

struct clew_tiff {
  TIFF *file;
  /// Number of the directory that is current.
  uint32_t page;
  char *message;
};

#if HAS_OPTIONS
static int on_error(TIFF *file, void *data, const char *module, const char *format, va_list arguments) {
  (void)file, (void)module;
  clew_tiff *self = data;
  char text[CLEW_IMAGE_MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, arguments);
  if (self->message) clew_set_message(self->message, text);
  return 1;
}

static int on_warning(TIFF *file, void *data, const char *module, const char *format, va_list arguments) {
  (void)file, (void)data, (void)module, (void)format, (void)arguments;
  return 1;
}
#else
static void ignore(const char *module, const char *format, va_list arguments) {
  (void)module, (void)format, (void)arguments;
}
#endif

int clew_tiff_open(const char *path, clew_tiff **result, char *message) {
  message[0] = '\0';
  clew_tiff *self = calloc(1, sizeof *self);
  if (!self) return CLEW_IMAGE_NO_MEMORY;
  self->message = message;
  // Read, not mapped: a file that becomes shorter while it is mapped would end the program.
#if HAS_OPTIONS
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (options) {
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, self);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, self);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, ALLOCATION_LIMIT);
    self->file = TIFFOpenExt(path, "rm", options);
    TIFFOpenOptionsFree(options);
  }
#else
  TIFFSetErrorHandler(ignore);
  TIFFSetWarningHandler(ignore);
  self->file = TIFFOpen(path, "rm");
#endif
  self->message = NULL;
  if (!self->file) {
    if (!message[0]) clew_set_message(message, "its first directory cannot be read");
    free(self);
    return CLEW_IMAGE_MALFORMED;
  }
  *result = self;
  return CLEW_IMAGE_OK;
}

void clew_tiff_close(clew_tiff *self) {
  TIFFClose(self->file);
  free(self);
}

/// Goes to a page: forward step by step where that is the shorter way. Returns 0 if there is none of that number.
static int go_to(clew_tiff *self, uint32_t page) {
  if (page == self->page) return 1;
  int ok = page == self->page + 1 ? TIFFReadDirectory(self->file) : TIFFSetDirectory(self->file, (tdir_t)page);
  if (ok) self->page = page;
  return ok;
}

/// Bytes that one stored byte can become at most.
static uint64_t growth(uint16_t compression) {
  switch (compression) {
    case COMPRESSION_NONE: return 1;
    case COMPRESSION_PACKBITS: return 64;
    // A code of 12 bits stands for at most 4,093 bytes.
    case COMPRESSION_LZW: return 2730;
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE: return 1032;
    // A bit for the mean of 64 samples.
    case COMPRESSION_JPEG: return 512;
    default: return 0;
  }
}

/// Adds up what the page's strips or tiles take in the file.
static uint64_t stored_bytes(TIFF *file) {
  uint64_t sum = 0;
  uint32_t count = TIFFIsTiled(file) ? TIFFNumberOfTiles(file) : TIFFNumberOfStrips(file);
  for (uint32_t i = 0; i < count; i++) {
    uint64_t bytes = TIFFGetStrileByteCount(file, i);
    sum = sum > UINT64_MAX - bytes ? UINT64_MAX : sum + bytes;
    // A directory that lists nothing for a number of strips from its own header would keep this busy.
    if (bytes == 0 && i > 1 << 20) return sum;
  }
  return sum;
}

int clew_tiff_read_info(clew_tiff *self, uint32_t page, clew_tiff_info *info, char *message) {
  message[0] = '\0';
  memset(info, 0, sizeof *info);
  self->message = message;
  int found = go_to(self, page);
  self->message = NULL;
  if (!found) {
    // The end of the chain brings no message, a damaged directory does.
    info->is_end = message[0] == '\0';
    return info->is_end ? CLEW_IMAGE_OK : CLEW_IMAGE_MALFORMED;
  }
  TIFF *file = self->file;
  uint16_t compression = COMPRESSION_NONE, photometric = PHOTOMETRIC_MINISBLACK, planar = PLANARCONFIG_CONTIG;
  uint16_t samples = 1, bits = 1, format = SAMPLEFORMAT_UINT;
  TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &info->width);
  TIFFGetField(file, TIFFTAG_IMAGELENGTH, &info->height);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &planar);
  TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &photometric);
  info->samples = samples;
  info->bits = bits;
  info->is_float = format == SAMPLEFORMAT_IEEEFP;
  info->is_signed = format == SAMPLEFORMAT_INT;
  info->is_grey = photometric == PHOTOMETRIC_MINISBLACK || photometric == PHOTOMETRIC_MINISWHITE;
  // What has to become colours before it means anything.
  info->is_encoded = bits < 8 || photometric == PHOTOMETRIC_PALETTE || photometric == PHOTOMETRIC_YCBCR ||
    photometric == PHOTOMETRIC_SEPARATED || photometric == PHOTOMETRIC_CIELAB ||
    (photometric == PHOTOMETRIC_MINISWHITE && bits == 8);
  if (info->width == 0 || info->height == 0 || samples == 0) {
    clew_set_message(message, "a page without pixels");
    return CLEW_IMAGE_MALFORMED;
  }
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_INT && format != SAMPLEFORMAT_IEEEFP &&
      format != SAMPLEFORMAT_VOID) {
    clew_set_message(message, "complex samples");
    return CLEW_IMAGE_UNSUPPORTED;
  }
  uint64_t factor = growth(compression);
  if (factor == 0 || !TIFFIsCODECConfigured(compression)) {
    snprintf(message, CLEW_IMAGE_MESSAGE_SIZE, "compression %u", compression);
    return CLEW_IMAGE_UNSUPPORTED;
  }
  uint64_t stored = stored_bytes(file);
  info->byte_bound = stored > UINT64_MAX / factor ? UINT64_MAX : stored * factor;
  return CLEW_IMAGE_OK;
}

const char *clew_tiff_text(clew_tiff *self, uint32_t page, int is_name) {
  char *text = NULL;
  if (!go_to(self, page)) return NULL;
  return TIFFGetField(self->file, is_name ? TIFFTAG_PAGENAME : TIFFTAG_IMAGEDESCRIPTION, &text) ? text : NULL;
}

typedef struct {
  uint8_t *pixels;
  size_t width, height;
  /// Bytes of a sample, of a pixel in the file's block and of a pixel in `pixels`.
  size_t sample, block_pixel, pixel;
} target;

/// Copies a block of decoded pixels to where it belongs; `first` is the byte of the first sample in a pixel.
static void place(const target *t, const uint8_t *block, size_t block_width, size_t x, size_t y, size_t rows, size_t first) {
  size_t columns = t->width - x < block_width ? t->width - x : block_width;
  for (size_t row = 0; row < rows && y + row < t->height; row++) {
    const uint8_t *from = block + row * block_width * t->block_pixel;
    uint8_t *to = t->pixels + ((y + row) * t->width + x) * t->pixel + first;
    if (t->block_pixel == t->pixel) {
      memcpy(to, from, columns * t->pixel);
    } else {
      for (size_t column = 0; column < columns; column++) memcpy(to + column * t->pixel, from + column * t->block_pixel, t->block_pixel);
    }
  }
}

static int read_tiles(TIFF *file, const target *t, size_t first, uint16_t plane, uint8_t *block, tmsize_t size) {
  uint32_t tile_width = 0, tile_height = 0;
  TIFFGetField(file, TIFFTAG_TILEWIDTH, &tile_width);
  TIFFGetField(file, TIFFTAG_TILELENGTH, &tile_height);
  if (!tile_width || !tile_height || (uint64_t)size < (uint64_t)tile_width * tile_height * t->block_pixel) return 0;
  for (size_t y = 0; y < t->height; y += tile_height) {
    for (size_t x = 0; x < t->width; x += tile_width) {
      uint32_t tile = TIFFComputeTile(file, (uint32_t)x, (uint32_t)y, 0, plane);
      if (TIFFReadEncodedTile(file, tile, block, size) != size) return 0;
      place(t, block, tile_width, x, y, tile_height, first);
    }
  }
  return 1;
}

static int read_strips(TIFF *file, const target *t, size_t first, uint16_t plane, uint8_t *block, tmsize_t size) {
  uint32_t rows = 0;
  TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &rows);
  if (rows == 0) return 0;
  if (rows > t->height) rows = (uint32_t)t->height;
  for (size_t y = 0; y < t->height; y += rows) {
    size_t left = t->height - y, count = left < rows ? left : rows;
    tmsize_t needed = (tmsize_t)(count * t->width * t->block_pixel);
    if (needed > size) return 0;
    uint32_t strip = TIFFComputeStrip(file, (uint32_t)y, plane);
    if (TIFFReadEncodedStrip(file, strip, block, needed) != needed) return 0;
    place(t, block, t->width, 0, y, count, first);
  }
  return 1;
}

int clew_tiff_read(clew_tiff *self, uint32_t page, const clew_tiff_info *info, void *pixels, size_t capacity, char *message) {
  message[0] = '\0';
  self->message = message;
  int ok = go_to(self, page);
  TIFF *file = self->file;
  uint16_t planar = PLANARCONFIG_CONTIG;
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &planar);
  int is_separate = planar == PLANARCONFIG_SEPARATE && info->samples > 1;
  size_t sample = info->bits / 8, pixel = sample * info->samples;
  target t = {pixels, info->width, info->height, sample, is_separate ? sample : pixel, pixel};
  ok = ok && info->width <= capacity / pixel / info->height;
  int is_tiled = TIFFIsTiled(file);
  tmsize_t size = is_tiled ? TIFFTileSize(file) : TIFFStripSize(file);
  ok = ok && size > 0 && size <= ALLOCATION_LIMIT;
  uint8_t *block = ok ? calloc(1, (size_t)size) : NULL;
  ok = ok && block;
  for (uint16_t plane = 0; ok && plane < (is_separate ? info->samples : 1); plane++) {
    ok = is_tiled ? read_tiles(file, &t, plane * sample, plane, block, size)
                  : read_strips(file, &t, plane * sample, plane, block, size);
  }
  free(block);
  self->message = NULL;
  if (!ok) clew_set_message(message, "its pixels do not have the size that its directory states");
  return ok ? CLEW_IMAGE_OK : CLEW_IMAGE_MALFORMED;
}

int clew_tiff_read_colors(
  clew_tiff *self, uint32_t page, const clew_tiff_info *info, uint8_t *pixels, size_t capacity, char *message
) {
  message[0] = '\0';
  self->message = message;
  int ok = go_to(self, page) && info->width <= capacity / 4 / info->height;
  ok = ok && TIFFReadRGBAImageOriented(self->file, info->width, info->height, (uint32_t *)(void *)pixels, ORIENTATION_TOPLEFT, 1);
  self->message = NULL;
  if (!ok) clew_set_message(message, "its pixels cannot be decoded");
  return ok ? CLEW_IMAGE_OK : CLEW_IMAGE_MALFORMED;
}
