import CHDF5Worker
import TensorCore

/// An HDF5 file, open for reading: datasets of numbers and texts in groups, with attributes.
///
/// Opening lists what is there; elements are read when they are asked for, whole or in part, each time anew. The HDF5
/// library runs in a process of its own, so that a damaged file can bring down only that. Links into other files,
/// elements in other files and filters from plug-ins are not followed.
public struct HDF5File: Sendable {
  /// The file.
  public let path: String
  /// All datasets in all groups, by name; a field of a compound counts as one.
  public let datasets: [HDF5Dataset]
  /// All groups but the root, by name.
  public let groups: [String]
  private let worker: HDF5Worker
  private let indices: [String: Int]

  /// For error messages.
  static let readable = "integers, real floating-point numbers of up to 64 bits, booleans or texts, in the file itself"
  /// As many axes as the format allows.
  private static let maximalRank = 32

  /// Opens the file `path`. Throws ``FormatError`` if it cannot be read.
  public init(_ path: String) throws(FormatError) {
    // For the errors of what is no file at all.
    _ = try InputFile(path)
    self.path = path
    let worker = HDF5Worker(path, file: path, writes: false)
    self.worker = worker
    let listed = try worker.ask(CLEW_HDF5_LIST, name: path) { (answer) throws(FormatError) in
      var listed = Listing()
      while try answer.hasMore() { try listed.add(from: &answer, path: path, worker: worker) }
      return listed
    }
    datasets = listed.datasets
    groups = listed.groups
    indices = Dictionary(datasets.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
  }

  private struct Listing: Sendable {
    var datasets: [HDF5Dataset] = []
    var groups: [String] = []

    mutating func add(from answer: inout HDF5Answer, path: String, worker: HDF5Worker) throws(FormatError) {
      let kind = try answer.byte()
      let name = try answer.text()
      if kind == UInt8(ascii: "g") {
        groups.append(name)
        return
      }
      let field = try answer.text()
      let problem = try answer.text()
      let storedType = try answer.text()
      let wire = try answer.text()
      let rank = try answer.count()
      let extents = try extents(rank, from: &answer)
      let chunk = try answer.byte() == 0 ? nil : Shape(try self.extents(rank, from: &answer))
      let filters = try answer.text().split(separator: " ").map(String.init)
      let fullName = field.isEmpty ? name : "\(name)/\(field)"
      let element = StoredElement(rawValue: wire)
      var refusal: FormatError?
      if !problem.isEmpty {
        refusal = FormatError(.unsupported, path: "\(path):\(fullName)", found: problem, expected: HDF5File.readable)
      } else if Self.overflows(extents) {
        refusal = FormatError(
          .malformed, path: "\(path):\(fullName)", found: "a shape whose product overflows",
          expected: "a dataset that fits in memory")
      }
      datasets.append(
        HDF5Dataset(
          name: fullName, shape: refusal == nil ? Shape(extents) : [], storedType: storedType, dtype: element?.widened,
          chunk: chunk,
          filters: filters, problem: refusal, worker: worker, path: path, object: name, field: field, element: element))
    }

    private func extents(_ rank: Int, from answer: inout HDF5Answer) throws(FormatError) -> [Int] {
      guard rank <= HDF5File.maximalRank else {
        throw FormatError(.malformed, path: answer.path, found: "\(rank) axes", expected: "at most \(HDF5File.maximalRank)")
      }
      var extents: [Int] = []
      for _ in 0..<rank { extents.append(try answer.integer()) }
      return extents
    }

    /// Whether the product of extents, zeros left out, times the widest element cannot be formed.
    private static func overflows(_ extents: [Int]) -> Bool {
      var bound = 16
      for extent in extents {
        let (product, overflowed) = bound.multipliedReportingOverflow(by: max(1, extent))
        if overflowed { return true }
        bound = product
      }
      return false
    }
  }

  /// The dataset `name`, with or without a slash at its start. Throws ``FormatError`` of kind `unknownKey`, with the nearest
  /// name, if there is none.
  public func dataset(_ name: String) throws(FormatError) -> HDF5Dataset {
    let wanted = name.hasPrefix("/") ? String(name.drop { $0 == "/" }) : name
    guard let index = indices[wanted] else { throw .unknownKey(name, in: path, names: datasets.map(\.name)) }
    return datasets[index]
  }

  /// The attributes of the file, or of the group or dataset `name`, by name. One that cannot be read is left out.
  public func attributes(of name: String = "/") throws(FormatError) -> [(name: String, value: HDF5Attribute)] {
    var request = HDF5Request()
    request.add(name)
    return try worker.ask(CLEW_HDF5_ATTRIBUTES, request, name: "\(path):\(name)") { (answer) throws(FormatError) in
      var attributes: [(name: String, value: HDF5Attribute)] = []
      while try answer.hasMore() {
        let name = try answer.text()
        if let value = try HDF5Attribute(from: &answer) { attributes.append((name, value)) }
      }
      return attributes
    }
  }
}

extension HDF5File: ArrayFile {
  /// What ``NamedArrays`` lists.
  var entries: [ArrayDescription] { datasets.map(\.description) }

  func array(named name: String) throws(FormatError) -> NDArray { try dataset(name).array() }

  func texts(named name: String) throws(FormatError) -> [String] { try dataset(name).texts() }
}
