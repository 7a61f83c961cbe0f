import Foundation

/// The checkout that this file stands in.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static func folders(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(at: root.appending(path: path), includingPropertiesForKeys: [.isDirectoryKey])
      .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
      .map(\.lastPathComponent).sorted()
  }

  /// Paths, relative to the root, of the files below `path`; what was built or checked out by tools is left out.
  static func files(under path: String = "") -> [String] {
    let manager = FileManager.default
    var result: [String] = []
    var pending = [path]
    while let folder = pending.popLast() {
      for name in (try? manager.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? [] {
        if name == ".git" || name.hasPrefix(".build") || name == "clew-demo" || name == "out" { continue }
        let child = folder.isEmpty ? name : "\(folder)/\(name)"
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: root.appending(path: child).path, isDirectory: &isFolder) else { continue }
        if isFolder.boolValue { pending.append(child) } else { result.append(child) }
      }
    }
    return result.sorted()
  }

  /// The code of a document's Swift blocks, without the indentation of the fence.
  static func swiftCode(in text: String) -> [String] {
    var blocks: [String] = []
    var indentation: Int?
    for line in text.components(separatedBy: "\n") {
      if let depth = indentation {
        if line.trimmingCharacters(in: .whitespaces) == "```" {
          indentation = nil
        } else {
          blocks[blocks.count - 1] += line.dropFirst(depth) + "\n"
        }
      } else if line.hasSuffix("```swift") {
        indentation = line.prefix { $0 == " " }.count
        blocks.append("")
      }
    }
    return blocks
  }

  /// The modules that a Swift file imports, whatever stands before or after the word.
  static func imports(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      var words = line.split(separator: " ").map(String.init)
      while let first = words.first,
        first.hasPrefix("@") || ["public", "package", "internal", "fileprivate", "private"].contains(first)
      {
        words.removeFirst()
      }
      guard words.first == "import", words.count > 1 else { return nil }
      let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
      let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
      return name.split(separator: ".").first.map(String.init)
    }
  }
}
