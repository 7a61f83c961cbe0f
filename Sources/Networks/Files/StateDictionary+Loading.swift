import Autograd
import Formats

extension StateDictionary {
  /// Reads the parameters of a checkpoint: a `.pth` file (its `state_dict`, where it has one), a safetensors or `.npz` file, or a
  /// run's folder, whose `last_checkpoint` names one.
  ///
  /// - Parameters:
  ///   - path: of the file or folder.
  ///   - prefix: what the names begin with; `nil`: wrappers are recognised.
  /// - Throws: `FormatError` for the file, ``NetworkError`` for the prefix.
  public static func load(_ path: String, prefix: String? = nil) throws -> StateDictionary {
    let file = try NamedArrays.load(path)
    let arrays = try file.parameters.map { entry in (name: entry.name, value: try file.array(named: entry.name)) }
    guard !arrays.isEmpty else {
      throw NetworkError.unusable(source: path, found: "no arrays", expected: "a checkpoint with parameters")
    }
    return try StateDictionary(arrays, source: file.path, prefix: prefix)
  }
}
