import CZip
import TensorCore

extension NPZ {
  /// Writes `arrays` in their order under their names, stored or deflated, such that nothing half-written ever stands
  /// under `path`. The same arrays give the same bytes: every entry is dated 1980-01-01.
  /// Throws ``FormatError`` if names are not distinct or the file cannot be written.
  public static func write(
    _ arrays: [(name: String, array: NDArray)], to path: String, compressed: Bool = false
  ) throws(FormatError) {
    if arrays.isEmpty {
      // libzip deletes an archive without entries; this is the record that ends one.
      return try AtomicFile.write([0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18), to: path)
    }
    try AtomicFile.replace(path) { (temporary) throws(FormatError) in
      var code: Int32 = 0
      guard let archive = zip_open(temporary, ZIP_CREATE | ZIP_TRUNCATE, &code) else {
        throw FormatError(.unwritable, path: path, found: "libzip error \(code)", expected: "a place to write to")
      }
      do throws(FormatError) {
        // libzip reads headers and elements as late as in zip_close, through pointers that it is given before.
        let headers = arrays.map { entry in
          let bytes = NPYHeader.bytes(entry.array.dtype, entry.array.shape)
          return NDArray(bytes, shape: [bytes.count])
        }
        defer { withExtendedLifetime((headers, arrays)) {} }
        for (header, (name, array)) in zip(headers, arrays) {
          try add(name, [header, array], to: archive, path: path, compressed: compressed)
        }
        if zip_close(archive) != 0 { throw failure(archive, path) }
      } catch {
        zip_discard(archive)
        throw error
      }
    }
  }

  /// Adds an entry of the bytes of `parts`, whose storage the caller keeps alive and in place until the archive is closed.
  private static func add(
    _ name: String, _ parts: [NDArray], to archive: OpaquePointer, path: String, compressed: Bool
  ) throws(FormatError) {
    let fragments = parts.map { part in
      part.withUnsafeBytes { bytes in
        let address = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        return zip_buffer_fragment_t(data: address, length: UInt64(bytes.count))
      }
    }
    var error = zip_error_t()
    guard let source = zip_source_buffer_fragment_create(fragments, UInt64(fragments.count), 0, &error) else {
      throw FormatError(.unwritable, path: path, found: "too little memory", expected: "room for the entry \(name.quoted())")
    }
    let index = zip_file_add(archive, name + ".npy", source, ZIP_FL_ENC_UTF_8)
    if index < 0 {
      zip_source_free(source)
      throw failure(archive, path)
    }
    // The earliest date that the format knows: years count from 1980 in bits 9 to 15, months in 5 to 8, days in 0 to 4.
    let date: UInt16 = 0 << 9 | 1 << 5 | 1
    let method = compressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE
    if zip_set_file_compression(archive, UInt64(index), method, 0) != 0
      || zip_file_set_dostime(archive, UInt64(index), 0, date, 0) != 0
    {
      throw failure(archive, path)
    }
  }

  private static func failure(_ archive: OpaquePointer, _ path: String) -> FormatError {
    let reason = String(cString: zip_strerror(archive))
    return FormatError(.unwritable, path: path, found: "an output error (\(reason))", expected: "a written archive")
  }
}
