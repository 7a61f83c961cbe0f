#include <string.h>
#include <turbojpeg.h>

#include "include/CImage.h"
#include "message.h"

static int read_header(tjhandle handle, const uint8_t *bytes, size_t size, clew_image_info *info, char *message) {
  int width = 0, height = 0, subsampling = -1, color = -1;
  memset(info, 0, sizeof *info);
  if (tjDecompressHeader3(handle, bytes, size, &width, &height, &subsampling, &color)) {
    clew_set_message(message, tjGetErrorStr2(handle));
    return CLEW_IMAGE_MALFORMED;
  }
  if (width <= 0 || height <= 0) {
    clew_set_message(message, "a picture without pixels");
    return CLEW_IMAGE_MALFORMED;
  }
  if (color == TJCS_CMYK || color == TJCS_YCCK) {
    clew_set_message(message, "CMYK colours");
    return CLEW_IMAGE_UNSUPPORTED;
  }
  info->width = (uint32_t)width;
  info->height = (uint32_t)height;
  info->stored_bits = 8;
  info->channels = color == TJCS_GRAY ? 1 : 3;
  info->stored_samples = info->channels;
  return CLEW_IMAGE_OK;
}

int clew_jpeg_read_info(const uint8_t *bytes, size_t size, clew_image_info *info, char *message) {
  message[0] = '\0';
  tjhandle handle = tjInitDecompress();
  if (!handle) return CLEW_IMAGE_NO_MEMORY;
  int status = read_header(handle, bytes, size, info, message);
  tjDestroy(handle);
  return status;
}

int clew_jpeg_read(
  const uint8_t *bytes, size_t size, const clew_image_info *info, uint8_t *pixels, size_t capacity, char *message
) {
  message[0] = '\0';
  size_t row = (size_t)info->width * info->channels;
  if (info->height == 0 || row > capacity / info->height) {
    clew_set_message(message, "the rows do not have the size that the header states");
    return CLEW_IMAGE_MALFORMED;
  }
  tjhandle handle = tjInitDecompress();
  if (!handle) return CLEW_IMAGE_NO_MEMORY;
  // Fixed on the exact integer transform, so that pixels do not depend on the library's idea of fast.
  int flags = TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;
  int format = info->channels == 1 ? TJPF_GRAY : TJPF_RGB;
  int status = CLEW_IMAGE_OK;
  if (tjDecompress2(handle, bytes, size, pixels, (int)info->width, (int)row, (int)info->height, format, flags)) {
    clew_set_message(message, tjGetErrorStr2(handle));
    status = CLEW_IMAGE_MALFORMED;
  }
  tjDestroy(handle);
  return status;
}
