#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "include/CImage.h"
#include "message.h"

// Everything that must survive a longjmp lives here, in the caller's frame, so that no local can be clobbered.
typedef struct {
  png_structp png;
  png_infop info;
  png_bytepp rows;
  const uint8_t *bytes;
  size_t size, position;
  char *message;
} reader;

static void on_error(png_structp png, png_const_charp text) {
  reader *self = png_get_error_ptr(png);
  clew_set_message(self->message, text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep destination, size_t count) {
  reader *self = png_get_io_ptr(png);
  if (count > self->size - self->position) png_error(png, "the file ends too early");
  memcpy(destination, self->bytes + self->position, count);
  self->position += count;
}

static int open_reader(reader *self, const uint8_t *bytes, size_t size, char *message) {
  memset(self, 0, sizeof *self);
  message[0] = '\0';
  self->bytes = bytes;
  self->size = size;
  self->message = message;
  self->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, self, on_error, on_warning);
  self->info = self->png ? png_create_info_struct(self->png) : NULL;
  return self->info != NULL;
}

static void close_reader(reader *self) {
  free(self->rows);
  if (self->png) png_destroy_read_struct(&self->png, &self->info, NULL);
}

/// Reads up to the first pixels; may longjmp.
static void read_header(reader *self, clew_image_info *info) {
  png_structp png = self->png;
  png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // the caller judges the extents
  png_set_read_fn(png, self, read_bytes);
  png_read_info(png, self->info);
  int color = png_get_color_type(png, self->info);
  info->width = png_get_image_width(png, self->info);
  info->height = png_get_image_height(png, self->info);
  info->stored_bits = png_get_bit_depth(png, self->info);
  info->stored_samples = png_get_channels(png, self->info);
  info->channels = (color & PNG_COLOR_MASK_COLOR) ? 3 : 1;
  info->has_alpha = (color & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, self->info, PNG_INFO_tRNS) ? 1 : 0;
}

/// Decodes all rows; may longjmp.
static void read_pixels(reader *self, uint8_t *pixels, size_t capacity, size_t sample_bytes) {
  png_structp png = self->png;
  clew_image_info info;
  read_header(self, &info);
  png_set_expand(png);
  if (sample_bytes == 1) png_set_scale_16(png);
  const uint16_t one = 1;
  // PNG is big-endian.
  if (sample_bytes == 2 && *(const uint8_t *)&one == 1) png_set_swap(png);
  (void)png_set_interlace_handling(png);
  png_read_update_info(png, self->info);
  size_t row = (size_t)info.width * (info.channels + info.has_alpha) * sample_bytes;
  if (png_get_rowbytes(png, self->info) != row || row > capacity / info.height)
    png_error(png, "the rows do not have the size that the header states");
  self->rows = malloc(info.height * sizeof(png_bytep));
  if (!self->rows) png_error(png, "out of memory");
  for (size_t y = 0; y < info.height; y++) self->rows[y] = pixels + y * row;
  png_read_image(png, self->rows);
  png_read_end(png, NULL);
}

int clew_png_read_info(const uint8_t *bytes, size_t size, clew_image_info *info, char *message) {
  reader self;
  volatile int status = CLEW_IMAGE_NO_MEMORY;
  memset(info, 0, sizeof *info);
  if (open_reader(&self, bytes, size, message)) {
    status = CLEW_IMAGE_MALFORMED;
    if (!setjmp(png_jmpbuf(self.png))) {
      read_header(&self, info);
      status = CLEW_IMAGE_OK;
    }
  }
  close_reader(&self);
  return status;
}

static int read_samples(
  const uint8_t *bytes, size_t size, uint8_t *pixels, size_t capacity, size_t sample_bytes, char *message
) {
  reader self;
  volatile int status = CLEW_IMAGE_NO_MEMORY;
  if (open_reader(&self, bytes, size, message)) {
    status = CLEW_IMAGE_MALFORMED;
    if (!setjmp(png_jmpbuf(self.png))) {
      read_pixels(&self, pixels, capacity, sample_bytes);
      status = CLEW_IMAGE_OK;
    }
  }
  close_reader(&self);
  return status;
}

int clew_png_read(const uint8_t *bytes, size_t size, uint8_t *pixels, size_t capacity, char *message) {
  return read_samples(bytes, size, pixels, capacity, 1, message);
}

int clew_png_read_16(const uint8_t *bytes, size_t size, uint16_t *samples, size_t capacity, char *message) {
  return read_samples(bytes, size, (uint8_t *)samples, capacity * sizeof *samples, sizeof *samples, message);
}
