import Foundation

/// A run's folder, in which the text file `last_checkpoint` names the checkpoint to use, as mmengine leaves it.
enum CheckpointFolder {
  private static let pointer = "last_checkpoint"
  /// Longer than any path.
  private static let maximalLength = 1 << 14

  /// The checkpoint that `path` stands for: that of `last_checkpoint` if it is a folder with one, else itself.
  static func resolve(_ path: String) throws(FormatError) -> String {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return path }
    let folder = path.hasSuffix("/") ? String(path.dropLast()) : path
    let pointer = "\(folder)/\(pointer)"
    guard stat(pointer, &status) == 0 else { return path }
    var file = try InputFile(pointer)
    let text = String(decoding: try file.readAll(limit: maximalLength), as: UTF8.self)
    let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard !name.isEmpty, !name.contains(where: \.isNewline), !name.contains("\0") else {
      throw FormatError(.malformed, path: pointer, found: text.quoted(), expected: "one line that names a checkpoint")
    }
    // The name may be a path on the machine that trained: then the file is looked for where the folder is now.
    let base = name.split(separator: "/").last.map(String.init) ?? name
    let candidates = (name.hasPrefix("/") ? [name] : ["\(folder)/\(name)", name]) + ["\(folder)/\(base)"]
    guard let found = candidates.first(where: { stat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFREG }) else {
      throw FormatError(
        .unreadable, path: pointer, found: "the name \(name.quoted()) of no file", expected: "a checkpoint in the same folder")
    }
    return found
  }
}
