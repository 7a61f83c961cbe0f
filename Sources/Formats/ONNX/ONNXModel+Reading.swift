import Foundation
import SwiftProtobuf
import TensorCore

extension ONNXModel {
  /// The most that a protocol buffer may have, by its own rules.
  static let byteLimit = 1 << 31

  /// Whether the file begins as an ONNX model does.
  public static func recognizes(_ path: String) throws(FormatError) -> Bool {
    FileSignature(try InputFile(path).peek(FileSignature.length)) == .onnx
  }

  /// Reads the model in the file `path`, and arrays that it keeps in files beside it.
  ///
  /// Throws ``FormatError`` if it is damaged, or holds an array of an element type that is not read.
  public static func load(_ path: String) throws(FormatError) -> ONNXModel {
    var file = try InputFile(path)
    return try read(&file)
  }

  static func read(_ file: inout InputFile) throws(FormatError) -> ONNXModel {
    let path = file.path
    let bytes = try file.readAll(limit: byteLimit)
    let message: Onnx_ModelProto
    do {
      // Unknown fields are dropped, and nesting is bounded by the library (100 messages).
      var options = BinaryDecodingOptions()
      options.discardUnknownFields = true
      message = try Onnx_ModelProto(serializedBytes: bytes, options: options)
    } catch {
      throw FormatError(.malformed, path: path, found: "a damaged ONNX file (\(error))", expected: "a whole protocol buffer")
    }
    guard message.hasGraph, !message.opsetImport.isEmpty else {
      throw FormatError(
        .malformed, path: path, found: "a protocol buffer without a graph or without operator sets", expected: "an ONNX model")
    }
    var reader = ONNXReader(path: path)
    return try reader.model(message)
  }
}

/// Turns messages into values, and checks what they say about themselves.
struct ONNXReader {
  let path: String
  var external: ONNXExternalData

  init(path: String) {
    self.path = path
    external = ONNXExternalData(modelPath: path)
  }

  mutating func model(_ message: Onnx_ModelProto) throws(FormatError) -> ONNXModel {
    var sets: [String: Int] = [:]
    for set in message.opsetImport { sets[Self.domain(set.domain)] = Int(set.version) }
    var functions: [ONNXFunction] = []
    for function in message.functions { functions.append(try self.function(function)) }
    return ONNXModel(
      path: path, producer: message.producerName, operatorSets: sets, graph: try graph(message.graph), functions: functions)
  }

  private mutating func function(_ message: Onnx_FunctionProto) throws(FormatError) -> ONNXFunction {
    ONNXFunction(
      name: message.name, domain: Self.domain(message.domain), inputs: message.input, outputs: message.output,
      defaults: try attributes(message.attributeProto), nodes: try nodes(message.node))
  }

  mutating func graph(_ message: Onnx_GraphProto) throws(FormatError) -> ONNXGraph {
    var initializers: [ONNXTensor] = []
    for tensor in message.initializer { initializers.append(try self.tensor(tensor)) }
    guard message.sparseInitializer.isEmpty else { throw unsupported("a sparse initializer", "dense arrays") }
    return ONNXGraph(
      name: message.name, nodes: try nodes(message.node), initializers: initializers, inputs: message.input.map(value),
      outputs: message.output.map(value))
  }

  private mutating func nodes(_ messages: [Onnx_NodeProto]) throws(FormatError) -> [ONNXNode] {
    var result: [ONNXNode] = []
    for message in messages {
      result.append(
        ONNXNode(
          name: message.name, operation: message.opType, domain: Self.domain(message.domain), inputs: message.input,
          outputs: message.output, attributes: try attributes(message.attribute)))
    }
    return result
  }

  private mutating func attributes(_ messages: [Onnx_AttributeProto]) throws(FormatError) -> [String: ONNXAttribute] {
    var result: [String: ONNXAttribute] = [:]
    for message in messages { result[message.name] = try attribute(message) }
    return result
  }

  private mutating func attribute(_ message: Onnx_AttributeProto) throws(FormatError) -> ONNXAttribute {
    if message.hasRefAttrName, !message.refAttrName.isEmpty { return .reference(message.refAttrName) }
    switch message.type {
    case .int: return .int(Int(message.i))
    case .float: return .float(Self.decimal(message.f))
    case .string: return .string(Self.text(message.s))
    case .tensor: return .tensor(try tensor(message.t))
    case .graph: return .graph(try graph(message.g))
    case .ints: return .ints(message.ints.map { Int($0) })
    case .floats: return .floats(message.floats.map(Self.decimal))
    case .strings: return .strings(message.strings.map(Self.text))
    case .undefined where message.hasI: return .int(Int(message.i))
    case .undefined where message.hasF: return .float(Self.decimal(message.f))
    case .undefined where message.hasS: return .string(Self.text(message.s))
    case .undefined where !message.ints.isEmpty: return .ints(message.ints.map { Int($0) })
    case .undefined where !message.floats.isEmpty: return .floats(message.floats.map(Self.decimal))
    default: return .other("\(message.type)")
    }
  }

  private func value(_ message: Onnx_ValueInfoProto) -> ONNXValue {
    guard case .tensorType(let type)? = message.type.value else {
      return ONNXValue(name: message.name, storedType: nil, shape: nil)
    }
    let extents = type.shape.dim.map { dimension -> Int? in
      if case .dimValue(let extent)? = dimension.value, extent >= 0 { return Int(extent) }
      return nil
    }
    return ONNXValue(
      name: message.name, storedType: StoredElement.onnxName(Int(type.elemType)), shape: type.hasShape ? extents : nil)
  }

  func unsupported(_ found: String, _ expected: String, in part: String? = nil) -> FormatError {
    FormatError(.unsupported, path: part.map { "\(path):\($0)" } ?? path, found: found, expected: expected)
  }

  /// `ai.onnx` is another name for the standard operators.
  private static func domain(_ name: String) -> String { name == "ai.onnx" ? "" : name }

  private static func text(_ bytes: Data) -> String { String(decoding: bytes, as: UTF8.self) }

  /// The number that a float32 was written for. (Swift prints the shortest decimal that gives the same float32 again.)
  private static func decimal(_ value: Float) -> Double { value.isFinite ? Double("\(value)") ?? Double(value) : Double(value) }
}

/// The initializers of a network as a file of arrays.
struct ONNXInitializers: ArrayFile {
  let path: String
  let entries: [ArrayDescription]
  private let arrays: [String: NDArray]

  init(model: ONNXModel) {
    path = model.path
    entries = model.graph.initializers.map {
      ArrayDescription(name: $0.name, storedType: $0.storedType, dtype: $0.array.dtype, shape: $0.array.shape)
    }
    arrays = Dictionary(model.graph.initializers.map { ($0.name, $0.array) }, uniquingKeysWith: { first, _ in first })
  }

  func array(named name: String) throws(FormatError) -> NDArray {
    guard let array = arrays[name] else { throw .unknownKey(name, in: path, names: entries.map(\.name)) }
    return array
  }
}
