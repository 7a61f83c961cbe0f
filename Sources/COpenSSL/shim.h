// Only for the SHA-256 of a run's inputs (provenance).
#pragma once
#include <openssl/evp.h>
