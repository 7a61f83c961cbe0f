#pragma once
#include <stdio.h>

#include "include/CImage.h"

/// Keeps the first message: later ones are consequences.
static inline void clew_set_message(char *message, const char *text) {
  if (message[0] == '\0') snprintf(message, CLEW_IMAGE_MESSAGE_SIZE, "%s", text);
}
