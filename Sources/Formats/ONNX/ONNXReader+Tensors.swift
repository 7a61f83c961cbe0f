import Foundation
import TensorCore

extension ONNXReader {
  /// The array of a message, in whichever of its fields the elements are.
  mutating func tensor(_ message: Onnx_TensorProto) throws(FormatError) -> ONNXTensor {
    let name = message.name
    let type = Int(message.dataType)
    guard let element = StoredElement(onnxNumber: type) else {
      throw unsupported(
        "elements of type \(StoredElement.onnxName(type))", "booleans, integers or real floating-point numbers of 8 to 64 bits",
        in: name
      )
    }
    guard !message.hasSegment else { throw unsupported("a part of an array", "whole arrays", in: name) }
    let shape = try self.shape(message.dims, element, name)
    guard let array = try elements(message, element, shape) else {
      throw unsupported("a value that \(element.widened) cannot hold", "values that fit", in: name)
    }
    return ONNXTensor(name: name, storedType: "\(element)", array: array)
  }

  /// The extents, whose product and size in bytes can be computed without overflow.
  private func shape(_ dims: [Int64], _ element: StoredElement, _ name: String) throws(FormatError) -> Shape {
    // In memory an element has up to four times its stored bytes.
    var total = 8
    for extent in dims {
      let (product, overflows) = total.multipliedReportingOverflow(by: max(1, Int(extent)))
      guard extent >= 0, !overflows else {
        throw malformed("the shape \(dims)", "extents whose product fits in memory", name)
      }
      total = product
    }
    return Shape(dims.map { Int($0) })
  }

  private mutating func elements(
    _ message: Onnx_TensorProto, _ element: StoredElement, _ shape: Shape
  ) throws(FormatError) -> NDArray? {
    let count = shape.elementCount
    func check(_ found: Int, _ unit: String, _ expected: Int) throws(FormatError) {
      guard found == expected else {
        throw malformed("\(found) \(unit)", "\(expected) for \(element) \(shape)", message.name)
      }
    }
    if message.dataLocation == .external { return try external.array(message, element, shape) }
    if message.hasRawData {
      try check(message.rawData.count, "bytes of raw data", count * element.byteCount)
      var source = DataSource(data: message.rawData, path: "\(path):\(message.name)")
      return try ElementReading.read(element, isBigEndian: false, shape: shape, from: &source)
    }
    switch element {
    case .float32:
      try check(message.floatData.count, "elements", count)
      return NDArray(message.floatData, shape: shape)
    case .float64:
      try check(message.doubleData.count, "elements", count)
      return NDArray(message.doubleData, shape: shape)
    case .int64:
      try check(message.int64Data.count, "elements", count)
      return NDArray(message.int64Data, shape: shape)
    case .uint32, .uint64:
      try check(message.uint64Data.count, "elements", count)
      let limit = element == .uint32 ? UInt64(UInt32.max) : UInt64(Int64.max)
      guard message.uint64Data.allSatisfy({ $0 <= limit }) else { return nil }
      return NDArray(message.uint64Data.map { Int64($0) }, shape: shape)
    case .uint8, .int8, .uint16, .int16, .int32, .bool, .float16, .bfloat16:
      try check(message.int32Data.count, "elements", count)
      return element.array(message.int32Data, shape: shape)
    }
  }

  private func malformed(_ found: String, _ expected: String, _ name: String) -> FormatError {
    FormatError(.malformed, path: "\(path):\(name)", found: found, expected: expected)
  }
}

/// Bytes in memory, read front to back.
private struct DataSource: ByteSource {
  let data: Data
  let path: String
  private var offset = 0

  init(data: Data, path: String) {
    self.data = data
    self.path = path
  }

  var remaining: Int { data.count - offset }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
    guard buffer.count <= remaining else {
      throw FormatError(.malformed, path: path, found: "\(remaining) bytes", expected: "\(buffer.count) bytes more")
    }
    data.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + buffer.count])) }
    offset += buffer.count
  }
}
