import Foundation
import TensorCore

/// Arrays that a model keeps in other files of its folder.
///
/// A model may come from anywhere, so it does not get to name any file that it likes: only regular files in its own folder or
/// below, links followed.
struct ONNXExternalData {
  let modelPath: String
  /// Bytes read so far from each file, so that a thousand arrays cannot all claim the same gigabyte.
  private var read: [String: Int] = [:]

  init(modelPath: String) { self.modelPath = modelPath }

  /// The array of a tensor, whose shape has been checked for overflow.
  mutating func array(_ message: Onnx_TensorProto, _ element: StoredElement, _ shape: Shape) throws(FormatError) -> NDArray {
    let byteCount = shape.elementCount * element.byteCount
    var entries: [String: String] = [:]
    for entry in message.externalData { entries[entry.key] = entry.value }
    let part = "\(modelPath):\(message.name)"
    func malformed(_ found: String, _ expected: String) -> FormatError {
      FormatError(.malformed, path: part, found: found, expected: expected)
    }
    let location = entries["location"] ?? ""
    let name = try resolved(location, for: part)
    let offset = entries["offset"].map { Int($0) ?? -1 } ?? 0
    let length = entries["length"].map { Int($0) ?? -1 } ?? byteCount
    guard offset >= 0, length == byteCount else {
      let found = "external data of \(entries["length"] ?? "unknown") bytes at \(entries["offset"] ?? "0")"
      throw malformed(found, "\(byteCount) bytes at a place in \(location.quoted())")
    }
    if byteCount == 0 { return .zeros(shape, dtype: element.widened) }
    var file = try open(name, location, for: part)
    guard offset <= file.byteCount, byteCount <= file.byteCount - offset else {
      throw malformed("\(file.byteCount) bytes in \(location.quoted())", "\(byteCount) bytes from byte \(offset) on")
    }
    let total = read[name, default: 0] + byteCount
    // Twice, because arrays may share their elements; not as often as a header likes.
    guard total <= 2 * file.byteCount else {
      throw malformed("arrays of more than \(total) bytes", "at most twice the \(file.byteCount) bytes of \(location.quoted())")
    }
    read[name] = total
    try file.skip(offset)
    return try ElementReading.read(element, isBigEndian: false, shape: shape, from: &file)
  }

  private func open(_ name: String, _ location: String, for part: String) throws(FormatError) -> InputFile {
    do throws(FormatError) { return try InputFile(name) } catch {
      throw FormatError(
        error.kind, path: part, found: "\(error.found) in \(location.quoted())", expected: "the external data of this array")
    }
  }

  /// The file that `location` names, once it is certain to lie in the model's folder.
  private func resolved(_ location: String, for part: String) throws(FormatError) -> String {
    let components = location.split(separator: "/", omittingEmptySubsequences: false)
    let isInside = !location.isEmpty && !location.utf8.contains(0) && components.allSatisfy { !["", ".."].contains($0) }
    let folder = (modelPath as NSString).deletingLastPathComponent
    let name = folder.isEmpty ? location : "\(folder)/\(location)"
    guard isInside else {
      throw FormatError(
        .malformed, path: part, found: "external data in \(location.quoted())", expected: "a file in the model's folder")
    }
    guard let real = Self.realPath(name), let root = Self.realPath(folder.isEmpty ? "." : folder) else {
      throw FormatError(
        .unreadable, path: part, found: "no file \(location.quoted()) beside it", expected: "the external data of this array")
    }
    guard real.hasPrefix(root == "/" ? "/" : root + "/") else {
      throw FormatError(
        .malformed, path: part, found: "external data in \(location.quoted()), a link to another folder",
        expected: "a file in the model's folder")
    }
    return real
  }

  private static func realPath(_ path: String) -> String? {
    guard let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
