import TensorCore

/// A PyTorch checkpoint: a zip archive with a pickle that describes tensors, and an entry for each of their storages
/// (`torch.save` since PyTorch 1.6: `.pth`, `.pt`, `.ckpt`).
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

  private let archive: ZipArchive
  private let tensors: [PyTorchTensor]
  /// The archive's entries by name, and the folder in it that all names start with.
  private let members: [String: ZipArchive.Entry]
  private let folder: String
  private let isBigEndian: Bool
  /// Places in `tensors` by name.
  private let indices: [String: Int]

  /// The longest pickle that is read. Those of models with a thousand layers take some hundred kilobytes.
  private static let maximalPickle = 64 << 20

  /// Opens the checkpoint `path`, or the one that `last_checkpoint` names if `path` is a folder with such a file.
  public init(_ path: String) throws(FormatError) {
    let path = try CheckpointFolder.resolve(path)
    let file = try InputFile(path)
    switch FileSignature(try file.peek(FileSignature.length)) {
    case .zip: try self.init(ZipArchive(path, byteCount: file.byteCount))
    case let other:
      throw FormatError(.unsupported, path: path, found: other.description, expected: "a PyTorch checkpoint (a zip archive)")
    }
  }

  /// Whether an archive is a checkpoint and not one of NumPy's.
  static func isCheckpoint(_ archive: ZipArchive) -> Bool { archive.entries.contains { $0.name.hasSuffix("/data.pkl") } }

  init(_ archive: ZipArchive) throws(FormatError) {
    self.archive = archive
    path = archive.path
    members = Dictionary(archive.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    guard let pickle = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
      throw FormatError(
        .malformed, path: path, found: "a zip archive without data.pkl", expected: "a PyTorch checkpoint")
    }
    folder = String(pickle.name.dropLast("data.pkl".count))
    isBigEndian = try Self.text(members["\(folder)byteorder"], in: archive) == "big"
    let bytes = try Self.bytes(pickle, limit: Self.maximalPickle, in: archive)
    do throws(PickleError) {
      var machine = PickleMachine(bytes)
      let reference = try machine.run()
      var tree = CheckpointTree(heap: machine.heap)
      root = try tree.value(reference)
      tensors = machine.heap.tensors
      let names = try CheckpointNames(root)
      indices = Dictionary(uniqueKeysWithValues: names.tensors.map { ($0.name, $0.index) })
      let described = names.tensors.map { [path, tensors] in Self.describe($0.name, tensors[$0.index], path: path) }
      stateDict = Array(described[..<names.modelCount])
      entries = described + names.unknown.map { [path] in Self.describe($0.path, className: $0.className, path: path) }
    } catch {
      throw FormatError(error.kind, path: path, found: error.found, expected: error.expected)
    }
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

  private static func text(_ entry: ZipArchive.Entry?, in archive: ZipArchive) throws(FormatError) -> String? {
    guard let entry else { return nil }
    return String(decoding: try bytes(entry, limit: 64, in: archive), as: UTF8.self)
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
    guard let entry = members["\(folder)data/\(tensor.storage.key)"] else {
      throw FormatError(
        .malformed, path: name, found: "no entry for the storage \(tensor.storage.key.quoted())", expected: "its elements")
    }
    // The last element's end: no overflow, since the tensor lies in a storage whose elements have been counted.
    let needed = (tensor.offset + tensor.span).multipliedReportingOverflow(by: element.byteCount)
    guard !needed.overflow, needed.partialValue <= entry.byteCount else {
      throw FormatError(
        .malformed, path: name, found: "a storage of \(entry.byteCount) bytes",
        expected: "\(tensor.storage.count) elements of \(element.rawValue)")
    }
    return try read(tensor, element, entry, name: name)
  }

  private func read(
    _ tensor: PyTorchTensor, _ element: StoredElement, _ entry: ZipArchive.Entry, name: String
  ) throws(FormatError) -> NDArray {
    let run = try archive.withEntry(entry, name: name) { [isBigEndian] (source) throws(FormatError) in
      try source.skip(tensor.offset * element.byteCount)
      let shape = tensor.isContiguous ? tensor.shape : [tensor.span]
      let run = try ElementReading.read(element, isBigEndian: isBigEndian, shape: shape, from: &source)
      if source.remaining == 0 { try source.finish() }
      return run
    }
    if tensor.isContiguous { return run }
    try MemoryLimit.check(tensor.shape.elementCount * element.widened.byteCount, path: name)
    return ElementReading.gathering(run, tensor.shape, strides: tensor.strides, offset: 0)
  }
}
