import Foundation

/// What `Package.swift` says of its targets, read from its text: a test must not start SwiftPM inside SwiftPM.
struct Manifest {
  enum Kind { case system, source, test }

  struct Target {
    var name: String
    var kind: Kind
    var dependencies: [String]
  }

  /// In the order of the file.
  var targets: [Target] = []
  /// The Debian packages that system libraries name.
  var debianPackages: [String] = []

  init(_ text: String) {
    let start = text.range(of: "  targets: [\n")?.upperBound ?? text.startIndex
    let calls: [(String, Kind)] = [
      (".systemLibrary(", .system), (".executableTarget(", .source), (".target(", .source), (".testTarget(", .test),
      ("library(", .source), ("test(", .test),
    ]
    var rest = text[start...]
    while let line = rest.firstIndex(where: { !$0.isWhitespace }) {
      rest = rest[line...]
      if let (call, kind) = calls.first(where: { rest.hasPrefix($0.0) }) {
        let body = Self.balanced(rest.dropFirst(call.count - 1), "(", ")")
        // The first string is the name; an external product gives its own.
        let names = Self.strings(in: body)
        let list = body.range(of: "dependencies:").map { body[$0.upperBound...] } ?? body
        let hasList = kind != .system && (call.first != "." || body.contains("dependencies:"))
        let dependencies = hasList ? Self.strings(in: Self.balanced(list, "[", "]"), skipping: "package:") : []
        if let name = names.first { targets.append(Target(name: name, kind: kind, dependencies: dependencies)) }
        if let apt = body.range(of: ".apt(") {
          debianPackages += Self.strings(in: Self.balanced(body[apt.upperBound...], "[", "]"))
        }
        rest = body.endIndex < rest.endIndex ? rest[body.endIndex...] : ""
      } else {
        rest = rest.firstIndex(of: "\n").map { rest[$0...] } ?? ""
      }
    }
  }

  func target(_ name: String) -> Target? { targets.first { $0.name == name } }

  /// Everything that `name` may reach through its dependencies, at any depth.
  func closure(of name: String) -> Set<String> {
    var reached: Set<String> = []
    var pending = target(name)?.dependencies ?? []
    while let next = pending.popLast() {
      if reached.insert(next).inserted { pending += target(next)?.dependencies ?? [] }
    }
    return reached
  }

  /// From the first `open` to the `close` that belongs to it, both included.
  private static func balanced(_ text: Substring, _ open: Character, _ close: Character) -> Substring {
    guard let start = text.firstIndex(of: open) else { return "" }
    var depth = 0
    for index in text[start...].indices {
      if text[index] == open { depth += 1 }
      if text[index] == close { depth -= 1 }
      if depth == 0 { return text[start...index] }
    }
    return text[start...]
  }

  private static func strings(in text: Substring, skipping label: String? = nil) -> [String] {
    var result: [String] = []
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    for index in stride(from: 1, to: parts.count, by: 2) {
      let before = parts[index - 1].trimmingCharacters(in: .whitespaces)
      if let label, before.hasSuffix(label) { continue }
      result.append(String(parts[index]))
    }
    return result
  }
}
