import TensorCore

/// A PyTorch checkpoint (`torch.save`: `.pth`, `.pt`, `.ckpt`): a zip archive with a pickle that describes tensors, and an entry
/// for each of their storages; or a file in the layout from before PyTorch 1.6.
///
/// The pickle is read without running what it names: it can make tensors and plain containers, nothing else. Objects of other
/// classes keep their class's name and attributes; a call that would do harm in Python is refused with its name.
///
/// Opening reads the pickle; elements are read when a tensor is asked for, each time anew, and widened as in ``NPY``
/// (bfloat16 to float32). Tensors that are views come out in their own shape, row-major.
public struct PyTorchCheckpoint: Sendable {
  /// The file: of a run's folder the one that its `last_checkpoint` names.
  public let path: String
  /// The tensors, those of the model first. One of a type that is not read here says so; behind the tensors, one object of
  /// each class that is not known.
  public let entries: [ArrayDescription]
  /// The tensors of the model's state dict, under its keys: what stands under `state_dict` (mmengine, Lightning),
  /// `model_state_dict`, `model`, `net` or `network`; without such a key, all tensors.
  public let stateDict: [ArrayDescription]
  /// Everything that the pickle holds.
  public let root: CheckpointValue

  private let storages: CheckpointStorages
  private let tensors: [PyTorchTensor]
  /// Places in `tensors` by name.
  private let indices: [String: Int]

  /// The longest pickle that is read. Those of models with a thousand layers take some hundred kilobytes.
  private static let maximalPickle = 64 << 20

  /// Opens the checkpoint `path`, or the one that `last_checkpoint` names if `path` is a folder with such a file.
  public init(_ path: String) throws(FormatError) {
    let path = try CheckpointFolder.resolve(path)
    var file = try InputFile(path)
    switch FileSignature(try file.peek(FileSignature.length)) {
    case .zip: try self.init(ZipArchive(path, byteCount: file.byteCount))
    case .legacyCheckpoint: try self.init(legacy: &file)
    case let other:
      throw FormatError(.unsupported, path: path, found: other.description, expected: "a PyTorch checkpoint")
    }
  }

  /// Whether an archive is a checkpoint and not one of NumPy's.
  static func isCheckpoint(_ archive: ZipArchive) -> Bool { archive.entries.contains { $0.name.hasSuffix("/data.pkl") } }

  init(_ archive: ZipArchive) throws(FormatError) {
    let path = archive.path
    guard let pickle = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
      throw FormatError(
        .malformed, path: path, found: "a zip archive without data.pkl", expected: "a PyTorch checkpoint")
    }
    // All names start with one folder's; that of a storage then goes on with `data/` and its key.
    let folder = String(pickle.name.dropLast("data.pkl".count))
    let order = archive.entries.first { $0.name == "\(folder)byteorder" }
    let isBigEndian =
      try order.map { (entry) throws(FormatError) in try Self.bytes(entry, limit: 64, in: archive) } == Array("big".utf8)
    var entries: [String: ZipArchive.Entry] = [:]
    for entry in archive.entries where entry.name.hasPrefix("\(folder)data/") {
      entries[String(entry.name.dropFirst("\(folder)data/".count))] = entry
    }
    let bytes = try Self.bytes(pickle, limit: Self.maximalPickle, in: archive)
    do throws(PickleError) {
      var machine = PickleMachine(bytes)
      let root = try machine.run()
      try self.init(path, machine.heap, root, .archive(archive, entries: entries, isBigEndian: isBigEndian))
    } catch {
      throw FormatError(error.kind, path: path, found: error.found, expected: error.expected)
    }
  }

  init(legacy file: inout InputFile) throws(FormatError) {
    let contents = try LegacyCheckpoint.read(&file)
    do throws(PickleError) {
      try self.init(file.path, contents.heap, contents.root, contents.storages)
    } catch {
      throw FormatError(error.kind, path: file.path, found: error.found, expected: error.expected)
    }
  }

  private init(_ path: String, _ heap: PickleHeap, _ reference: Int, _ storages: CheckpointStorages) throws(PickleError) {
    self.path = path
    self.storages = storages
    tensors = heap.tensors
    var tree = CheckpointTree(heap: heap)
    root = try tree.value(reference)
    let names = try CheckpointNames(root)
    indices = Dictionary(uniqueKeysWithValues: names.tensors.map { ($0.name, $0.index) })
    let described = names.tensors.map { [tensors] in Self.describe($0.name, tensors[$0.index], path: path) }
    stateDict = Array(described[..<names.modelCount])
    entries = described + names.unknown.map { Self.describe($0.path, className: $0.className, path: path) }
  }

  private static func describe(_ name: String, _ tensor: PyTorchTensor, path: String) -> ArrayDescription {
    if let element = tensor.storage.element {
      return ArrayDescription(name: name, storedType: element.rawValue, dtype: element.widened, shape: tensor.shape)
    }
    let problem = FormatError(
      .unsupported, path: "\(path):\(name)", found: "a tensor of \(tensor.storage.typeName.quoted())",
      expected: "booleans, integers or real floating-point numbers of up to 64 bits")
    return ArrayDescription(name: name, problem: problem)
  }

  private static func describe(_ name: String, className: String, path: String) -> ArrayDescription {
    let problem = FormatError(
      .unsupported, path: "\(path):\(name)", found: "an object of class \(className.quoted())", expected: "a tensor")
    return ArrayDescription(name: name.isEmpty ? className : name, problem: problem)
  }

  private static func bytes(_ entry: ZipArchive.Entry, limit: Int, in archive: ZipArchive) throws(FormatError) -> [UInt8] {
    let name = "\(archive.path):\(entry.name)"
    guard entry.byteCount <= limit else {
      throw FormatError(.tooLarge, path: name, found: "\(entry.byteCount) bytes", expected: "at most \(limit)")
    }
    return try archive.withEntry(entry, name: name) { (source) throws(FormatError) in
      let bytes = try source.read(entry.byteCount, of: "the entry")
      try source.finish()
      return bytes
    }
  }

  /// Reads the tensor `name`. Throws ``FormatError`` if there is none, or its storage is missing, too small or damaged.
  public func array(named name: String) throws(FormatError) -> NDArray {
    guard let index = indices[name] else {
      if let problem = entries.first(where: { $0.name == name })?.problem { throw problem }
      throw .unknownKey(name, in: path, names: Array(indices.keys).sorted())
    }
    let tensor = tensors[index]
    guard let element = tensor.storage.element else {
      throw Self.describe(name, tensor, path: path).problem ?? .unknownKey(name, in: path, names: [])
    }
    let name = "\(path):\(name)"
    if tensor.shape.elementCount == 0 { return .zeros(tensor.shape, dtype: element.widened) }
    let key = tensor.storage.key
    guard let byteCount = storages.byteCount(of: key) else {
      throw FormatError(.malformed, path: name, found: "no entry for the storage \(key.quoted())", expected: "its elements")
    }
    // The last element's end: no overflow, since the tensor lies in a storage whose elements have been counted.
    let needed = (tensor.offset + tensor.span).multipliedReportingOverflow(by: element.byteCount)
    guard !needed.overflow, needed.partialValue <= byteCount else {
      throw FormatError(
        .malformed, path: name, found: "a storage of \(byteCount) bytes",
        expected: "\(tensor.storage.count) elements of \(element.rawValue)")
    }
    let run = try storages.read(
      element, shape: tensor.isContiguous ? tensor.shape : [tensor.span], from: key, offset: tensor.offset * element.byteCount,
      name: name)
    if tensor.isContiguous { return run }
    try MemoryLimit.check(tensor.shape.elementCount * element.widened.byteCount, path: name)
    return ElementReading.gathering(run, tensor.shape, strides: tensor.strides, offset: 0)
  }
}
