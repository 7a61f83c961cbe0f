import ArgumentParser
import Clew

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a file: arrays, shapes, element types, statistics.",
    discussion: """
      Example:
        clew inspect features.npz
      """)

  @Argument(
    help: ArgumentHelp(
      "A NumPy, safetensors, PNG or JPEG file, a PyTorch checkpoint, or a run's folder; file:key for one array.",
      valueName: "file"))
  var file: String

  @OptionGroup var common: CommonOptions

  func run() throws {
    try common.apply()
    let input = InputPath(parsing: file)
    let arrays = try NamedArrays.load(input.path)
    if let key = input.key { _ = try arrays.array(named: key) }
    let entries = arrays.entries.filter { input.key == nil || $0.name == input.key }.map { Entry($0, in: arrays) }
    let warnings = entries.compactMap { entry in entry.problem.map { "\(entry.name): \($0)" } }
    common.warn(warnings)
    if common.json {
      let report = Report(
        entries: entries, warnings: warnings, provenance: try Provenance(common, inputs: [input.path]))
      try standardOutput(jsonDocument(report))
    } else {
      try standardOutput(entries.map(\.line).joined(separator: "\n") + "\n")
    }
  }

  struct Report: Encodable {
    let entries: [Entry]
    let warnings: [String]
    let provenance: Provenance
  }

  struct Entry: Encodable {
    let name: String
    let shape: [Int]?
    let storedType: String?
    let dtype: String?
    /// Over the finite values; `nil` if there is none.
    let minimum: Double?
    let maximum: Double?
    let mean: Double?
    let notFinite: Int?
    let problem: String?

    init(_ entry: ArrayDescription, in arrays: NamedArrays) {
      name = entry.name
      shape = entry.shape?.extents
      storedType = entry.storedType
      dtype = entry.dtype.map { "\($0)" }
      do throws(FormatError) {
        if let problem = entry.problem { throw problem }
        let values = try arrays.array(named: entry.name).doubles
        let finite = values.filter(\.isFinite)
        minimum = finite.min()
        maximum = finite.max()
        mean = finite.isEmpty ? nil : finite.reduce(0) { $0 + $1 / Double(finite.count) }
        notFinite = values.count - finite.count
        problem = nil
      } catch {
        (minimum, maximum, mean, notFinite) = (nil, nil, nil, nil)
        problem = error.description
      }
    }

    var line: String {
      let size = shape.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" } ?? "?"
      var text = "\(name)  \(storedType ?? dtype ?? "?") \(size)"
      if let minimum, let maximum, let mean { text += "  min \(minimum)  max \(maximum)  mean \(mean)" }
      if let notFinite, notFinite > 0 { text += "  \(notFinite) not finite" }
      return text
    }
  }
}
