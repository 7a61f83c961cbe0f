import TensorCore

/// The arrays of a file under their names: of an `.npy` file the one called `array`, of an `.npz` archive each entry, of a
/// safetensors file or a PyTorch checkpoint each tensor, of an HDF5 file each dataset, of a picture its `pixels` ([H, W, C],
/// uint8), of a TIFF of several pages or of deeper ones its `pixels` with a channel for each page, of a CSV table its numbers
/// (`table`, [rows, columns]) and each column of texts. The format is recognised by content, never by the file's name.
///
/// Loading reads and checks headers (and pictures whole); the elements of arrays are read when they are asked for, each time
/// anew: keep the result.
public struct NamedArrays: Sendable {
  /// The file.
  public var path: String { file.path }
  /// The arrays in the order of the file. One that cannot be read says why.
  public var entries: [ArrayDescription] { file.entries }
  private let file: any ArrayFile

  /// The formats that are read, for error messages.
  static let readable =
    "an .npy, .npz, safetensors or HDF5 file, a PyTorch checkpoint, a PNG, JPEG or TIFF picture, or a CSV table"

  /// Recognises and opens the file `path`; of a run's folder the checkpoint that its `last_checkpoint` names.
  /// Throws ``FormatError`` if it is missing, another folder, empty, damaged, or of a format that is not read.
  public static func load(_ path: String) throws(FormatError) -> NamedArrays {
    let path = try CheckpointFolder.resolve(path)
    var file = try InputFile(path)
    return NamedArrays(file: try open(&file))
  }

  private static func open(_ file: inout InputFile) throws(FormatError) -> any ArrayFile {
    let path = file.path
    switch FileSignature(try file.peek(FileSignature.length)) {
    case .npy:
      let header = try NPYHeader.read(from: &file)
      return SingleArrayFile(path: path, entries: [ArrayDescription(name: "array", header: header)])
    case .zip:
      let archive = try ZipArchive(path, byteCount: file.byteCount)
      return PyTorchCheckpoint.isCheckpoint(archive) ? try PyTorchCheckpoint(archive) : try NPZ(archive)
    case .safetensors: return try Safetensors(&file)
    case .hdf5: return try HDF5File(path)
    case .png, .jpeg: return PictureFile(path: path, picture: try Picture.decode(&file))
    case .tiff: return try TIFFFile.open(path)
    case .text: return TableFile(try CSVTable(&file))
    case let other: throw FormatError(.unsupported, path: path, found: other.description, expected: readable)
    }
  }

  /// Whether the file is a picture, so that its array is pixels and not features.
  public var isPicture: Bool { file is PictureFile }

  /// The arrays that are a model's parameters: of a checkpoint those of its state dict, under its keys; of another file all.
  public var parameters: [ArrayDescription] { (file as? PyTorchCheckpoint)?.stateDict ?? entries }

  /// The names of the arrays, in the order of the file.
  public var names: [String] { entries.map(\.name) }

  /// Reads the array `name`. Throws ``FormatError`` of kind `unknownKey`, with the nearest name, if there is none.
  public func array(named name: String) throws(FormatError) -> NDArray { try file.array(named: name) }

  /// Reads the texts `name`, row-major. Throws ``FormatError`` if there are none of that name.
  public func texts(named name: String) throws(FormatError) -> [String] { try file.texts(named: name) }

  /// Reads the array `name`, as ``array(named:)``.
  public subscript(name: String) -> NDArray {
    get throws(FormatError) { try array(named: name) }
  }

  /// The only array of numbers, or the picture. Throws ``FormatError`` unless there is exactly one.
  public var sole: NDArray {
    get throws(FormatError) {
      if isPicture { return try array(named: names[0]) }
      let names = entries.filter { !$0.isText }.map(\.name)
      guard names.count == 1 else {
        let listed = names.prefix(8).map { $0.quoted() }.joined(separator: ", ")
        let found = names.isEmpty ? "no arrays" : "\(names.count) arrays (\(listed)\(names.count > 8 ? ", …" : ""))"
        let hint = names.first.map { "one, or a name after a colon: \(path):\($0)" } ?? "one"
        throw FormatError(.unknownKey, path: path, found: found, expected: hint)
      }
      return try array(named: names[0])
    }
  }
}
