import CHDF5Worker
import TensorCore

/// A new HDF5 file, while it is being written. Names may hold slashes; groups on the way are made.
public struct HDF5Writer: Sendable {
  private let path: String
  private let worker: HDF5Worker

  /// Elements that are sent at a time.
  private static let blockByteCount = 16 << 20

  init(_ path: String, file: String) {
    self.path = path
    worker = HDF5Worker(path, file: file, writes: true)
  }

  /// Makes a dataset of `shape`, of which all elements are zero; with `compressed` in chunks through gzip. `chunk` has
  /// an extent for each axis; by default chunks of some hundred kilobytes are chosen where they are needed.
  public func create(
    _ name: String, dtype: DType, shape: Shape, compressed: Bool = false, chunk: Shape? = nil
  ) throws(FormatError) {
    var request = try request(for: name)
    request.add(dtype.description)
    request.add(counted: shape.extents)
    request.add(UInt32(compressed ? 1 : 0))
    request.add(counted: chunk?.extents ?? [])
    try tell(CLEW_HDF5_CREATE, request, name)
  }

  /// Writes `array` into the dataset `name`, from the index `start` on: the way to write what is not in memory at once.
  public func write(_ array: NDArray, into name: String, from start: [Int]) throws(FormatError) {
    // Rows of the first axis, as many as a block holds.
    let rowByteCount = array.rank == 0 ? array.byteCount : array.byteCount / max(1, array.shape[0])
    let step = max(1, Self.blockByteCount / max(1, rowByteCount))
    let rows = array.rank == 0 ? 1 : array.shape[0]
    for first in stride(from: 0, to: rows, by: step) {
      let count = min(step, rows - first)
      var request = try request(for: name)
      request.add(UInt32(array.rank))
      for (axis, index) in start.enumerated() { request.add(axis == 0 ? index + first : index) }
      for (axis, extent) in array.shape.enumerated() { request.add(axis == 0 ? count : extent) }
      try array.withUnsafeBytes { (bytes) throws(FormatError) in
        let part = UnsafeRawBufferPointer(rebasing: bytes[(first * rowByteCount)..<((first + count) * rowByteCount)])
        try tell(CLEW_HDF5_WRITE, request, name, payload: part)
      }
    }
  }

  /// Makes a dataset that holds `array`.
  public func write(_ array: NDArray, as name: String, compressed: Bool = false, chunk: Shape? = nil) throws(FormatError) {
    try create(name, dtype: array.dtype, shape: array.shape, compressed: compressed && array.rank > 0, chunk: chunk)
    if array.count > 0 { try write(array, into: name, from: [Int](repeating: 0, count: array.rank)) }
  }

  /// Makes a dataset of texts, of one axis.
  public func write(_ texts: [String], as name: String) throws(FormatError) {
    var request = try request(for: name)
    request.add(counted: [texts.count])
    for text in texts { request.add(text) }
    try tell(CLEW_HDF5_WRITE_TEXTS, request, name)
  }

  /// Gives the file, or the group or dataset `object`, an attribute that is a text.
  public func setAttribute(_ name: String, of object: String = "/", to text: String) throws(FormatError) {
    var request = try request(for: object)
    request.add(name)
    request.add(text)
    try tell(CLEW_HDF5_WRITE_ATTRIBUTE, request, name)
  }

  func close() throws(FormatError) { try tell(CLEW_HDF5_CLOSE, HDF5Request(), "") }

  private func request(for name: String) throws(FormatError) -> HDF5Request {
    guard !name.isEmpty, !name.contains("\0") else {
      throw FormatError(.unwritable, path: path, found: "the name \(name.quoted())", expected: "one that HDF5 can hold")
    }
    var request = HDF5Request()
    request.add(name)
    return request
  }

  private func tell(
    _ code: Int, _ request: HDF5Request, _ name: String, payload: UnsafeRawBufferPointer? = nil
  ) throws(FormatError) {
    let name = name.isEmpty ? path : "\(path):\(name)"
    try worker.ask(code, request, payload: payload, name: name) { (_) throws(FormatError) in }
  }
}

extension HDF5File {
  /// Writes a file by what `body` does with it, such that nothing half-written ever stands under `path`. The same content gives
  /// the same bytes.
  public static func write(
    to path: String, _ body: (HDF5Writer) throws(FormatError) -> Void
  ) throws(FormatError) {
    try AtomicFile.replace(path) { (temporary) throws(FormatError) in
      let writer = HDF5Writer(path, file: temporary)
      try body(writer)
      try writer.close()
    }
  }

  /// Writes `arrays` under their names. Throws ``FormatError`` if one comes twice, or the file cannot be written.
  public static func write(
    _ arrays: [(name: String, array: NDArray)], to path: String, compressed: Bool = false
  ) throws(FormatError) {
    try write(to: path) { (writer) throws(FormatError) in
      for (name, array) in arrays { try writer.write(array, as: name, compressed: compressed) }
    }
  }
}
