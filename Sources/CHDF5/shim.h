#pragma once
// From 1.12 on the library offers several versions of its own interface; this is the one that all of them have.
#define H5_USE_110_API
#include <hdf5.h>
