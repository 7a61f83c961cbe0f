import Foundation

/// What stands at a path.
enum FileKind {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
