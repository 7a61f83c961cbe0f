import TensorCore

/// Arrays in NumPy's `.npy` format.
///
/// Booleans, integers and real floating-point numbers are read in either byte order and either memory order, and widened to
/// the nearest `DType` that holds every value: int8, int16 and uint16 to int32; uint32 and uint64 to int64; float16 to
/// float32. A uint64 value above 2⁶³ − 1 is an error.
public enum NPY {
  /// Reads the array in the file `path`. Throws ``FormatError`` if it cannot be read, or is not exactly one array.
  public static func read(_ path: String) throws(FormatError) -> NDArray {
    var file = try InputFile(path)
    let header = try NPYHeader.read(from: &file)
    return try header.readElements(from: &file)
  }

  /// The bytes of a file that holds `array`: little-endian, row-major, the same as NumPy writes.
  public static func encode(_ array: NDArray) -> [UInt8] {
    var bytes = NPYHeader.bytes(array.dtype, array.shape)
    array.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Writes `array` so that it never stands half-written under `path`.
  public static func write(_ array: NDArray, to path: String) throws(FormatError) {
    let header = NPYHeader.bytes(array.dtype, array.shape)
    try array.withUnsafeBytes { (elements) throws(FormatError) in
      try header.withUnsafeBufferPointer { (header) throws(FormatError) in
        try AtomicFile.write([UnsafeRawBufferPointer(header), elements], to: path)
      }
    }
  }
}
