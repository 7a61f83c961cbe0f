#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "include/CImage.h"
#include "message.h"

// What must survive a longjmp, in the caller's frame.
typedef struct {
  png_structp png;
  png_infop info;
  uint8_t *bytes;
  size_t size, capacity;
  char *message;
} writer;

static void on_error(png_structp png, png_const_charp text) {
  writer *self = png_get_error_ptr(png);
  clew_set_message(self->message, text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void write_bytes(png_structp png, png_bytep source, size_t count) {
  writer *self = png_get_io_ptr(png);
  if (count > self->capacity - self->size) {
    size_t capacity = (self->size + count) * 2;
    uint8_t *grown = realloc(self->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    self->bytes = grown;
    self->capacity = capacity;
  }
  memcpy(self->bytes + self->size, source, count);
  self->size += count;
}

static void flush(png_structp png) { (void)png; }

/// Writes header and rows; may longjmp.
static void write_picture(writer *self, const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels) {
  png_structp png = self->png;
  int color = channels == 1 ? PNG_COLOR_TYPE_GRAY : channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
  // Level 6, the default, takes three times as long on a noisy picture and does not make it smaller.
  png_set_compression_level(png, 4);
  png_set_write_fn(png, self, write_bytes, flush);
  png_set_IHDR(
    png, self->info, width, height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, self->info);
  size_t row = (size_t)width * channels;
  for (size_t y = 0; y < height; y++) png_write_row(png, pixels + y * row);
  png_write_end(png, NULL);
}

int clew_png_write(
  const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels, uint8_t **bytes, size_t *size, char *message
) {
  writer self;
  volatile int status = CLEW_IMAGE_NO_MEMORY;
  memset(&self, 0, sizeof self);
  message[0] = '\0';
  *bytes = NULL;
  *size = 0;
  if (channels != 1 && channels != 3 && channels != 4) {
    clew_set_message(message, "a picture has 1, 3 or 4 channels");
    return CLEW_IMAGE_UNSUPPORTED;
  }
  self.message = message;
  self.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &self, on_error, on_warning);
  self.info = self.png ? png_create_info_struct(self.png) : NULL;
  if (self.info) {
    status = CLEW_IMAGE_MALFORMED;
    if (!setjmp(png_jmpbuf(self.png))) {
      write_picture(&self, pixels, width, height, channels);
      status = CLEW_IMAGE_OK;
    }
  }
  if (self.png) png_destroy_write_struct(&self.png, &self.info);
  if (status == CLEW_IMAGE_OK) {
    *bytes = self.bytes;
    *size = self.size;
  } else {
    free(self.bytes);
  }
  return status;
}

void clew_image_free(uint8_t *bytes) { free(bytes); }
