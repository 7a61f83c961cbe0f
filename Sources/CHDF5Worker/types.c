#include <stdio.h>
#include <string.h>

#include "worker.h"

hid_t memory_type(const char *name) {
  if (!strcmp(name, "float32")) return H5Tcopy(H5T_NATIVE_FLOAT);
  if (!strcmp(name, "float64")) return H5Tcopy(H5T_NATIVE_DOUBLE);
  if (!strcmp(name, "int8")) return H5Tcopy(H5T_NATIVE_INT8);
  if (!strcmp(name, "int16")) return H5Tcopy(H5T_NATIVE_INT16);
  if (!strcmp(name, "int32")) return H5Tcopy(H5T_NATIVE_INT32);
  if (!strcmp(name, "int64")) return H5Tcopy(H5T_NATIVE_INT64);
  if (!strcmp(name, "uint8")) return H5Tcopy(H5T_NATIVE_UINT8);
  if (!strcmp(name, "uint16")) return H5Tcopy(H5T_NATIVE_UINT16);
  if (!strcmp(name, "uint32")) return H5Tcopy(H5T_NATIVE_UINT32);
  if (!strcmp(name, "uint64")) return H5Tcopy(H5T_NATIVE_UINT64);
  if (!strcmp(name, "bool")) {
    // As h5py has it.
    hid_t type = H5Tenum_create(H5T_NATIVE_INT8);
    const int8_t values[2] = {0, 1};
    if (type >= 0) {
      H5Tenum_insert(type, "FALSE", &values[0]);
      H5Tenum_insert(type, "TRUE", &values[1]);
    }
    return type;
  }
  return -1;
}

static element refused(const char *problem) {
  element result = {.stored = "", .wire = "", .memory = -1, .size = 0};
  snprintf(result.problem, sizeof result.problem, "%s", problem);
  return result;
}

static element accepted(const char *stored, const char *wire) {
  element result = {.stored = stored, .wire = wire, .problem = "", .memory = memory_type(wire)};
  result.size = result.memory < 0 ? 0 : H5Tget_size(result.memory);
  return result.size ? result : refused("a type that the HDF5 library does not know");
}

static element integer(hid_t type) {
  size_t size = H5Tget_size(type);
  int is_signed = H5Tget_sign(type) == H5T_SGN_2;
  static const char *const names[2][4] = {{"uint8", "uint16", "uint32", "uint64"}, {"int8", "int16", "int32", "int64"}};
  if (size == 0 || size > 8) return refused("integers of more than 64 bits");
  const char *name = names[is_signed][size == 1 ? 0 : size == 2 ? 1 : size <= 4 ? 2 : 3];
  return accepted(name, name);
}

static element floating(hid_t type) {
  size_t size = H5Tget_size(type);
  if (size == 0 || size > 8) return refused("floating-point numbers of more than 64 bits");
  if (size > 4) return accepted("float64", "float64");
  if (size > 2) return accepted("float32", "float32");
  size_t sign, exponent, exponent_bits = 0, mantissa, mantissa_bits;
  H5Tget_fields(type, &sign, &exponent, &exponent_bits, &mantissa, &mantissa_bits);
  return accepted(exponent_bits == 8 ? "bfloat16" : "float16", "float32");
}

/// An enumeration is read as the integers that it names; that of FALSE and TRUE as booleans.
static element enumeration(hid_t type) {
  if (H5Tget_nmembers(type) == 2) {
    char *first = H5Tget_member_name(type, 0), *second = H5Tget_member_name(type, 1);
    int is_bool = first && second && !strcmp(first, "FALSE") && !strcmp(second, "TRUE");
    H5free_memory(first);
    H5free_memory(second);
    if (is_bool && H5Tget_size(type) == 1) return accepted("bool", "bool");
  }
  hid_t base = H5Tget_super(type);
  if (base < 0) return refused("an enumeration of nothing");
  element result = H5Tget_class(base) == H5T_INTEGER ? integer(base) : refused("an enumeration of no integers");
  H5Tclose(base);
  if (result.memory >= 0) {
    // The library converts an enumeration to the same one in native order, and that is what integers are here.
    hid_t native = H5Tget_native_type(type, H5T_DIR_ASCEND);
    H5Tclose(result.memory);
    result.memory = native;
    if (native < 0 || H5Tget_size(native) != result.size) {
      if (native >= 0) H5Tclose(native);
      return refused("an enumeration of integers of an unusual size");
    }
  }
  return result;
}

static element text(hid_t type) {
  element result = {.stored = "string", .wire = "string", .problem = "", .memory = H5Tcopy(type)};
  result.size = H5Tis_variable_str(type) > 0 ? sizeof(char *) : H5Tget_size(type);
  if (result.memory < 0 || result.size == 0) return refused("texts of no length");
  if (result.size > BLOCK_BYTES) {
    H5Tclose(result.memory);
    return refused("texts of more than 8 MB each");
  }
  return result;
}

element element_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: return integer(type);
    case H5T_FLOAT: return floating(type);
    case H5T_ENUM: return enumeration(type);
    case H5T_STRING: return text(type);
    case H5T_COMPOUND: return refused("compound elements in compound elements");
    case H5T_ARRAY: return refused("elements that are arrays");
    case H5T_VLEN: return refused("elements of variable length");
    case H5T_REFERENCE: return refused("references");
    case H5T_OPAQUE: return refused("opaque bytes");
    case H5T_BITFIELD: return refused("bit fields");
    case H5T_TIME: return refused("times");
    default: return refused("elements of an unknown type");
  }
}

int extents_of(hid_t space, hsize_t *extents) {
  int rank = -1;
  if (space < 0) return -1;
  // A dataspace without any elements has the class H5S_NULL, and a rank of 0 like a scalar.
  H5S_class_t kind = H5Sget_simple_extent_type(space);
  if (kind == H5S_SCALAR) rank = 0;
  if (kind == H5S_SIMPLE) {
    rank = H5Sget_simple_extent_ndims(space);
    if (rank > RANK_LIMIT || H5Sget_simple_extent_dims(space, extents, NULL) != rank) rank = -1;
  }
  H5Sclose(space);
  return rank;
}
