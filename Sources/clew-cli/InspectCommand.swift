import ArgumentParser
import Clew

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what is in a file: arrays, shapes, element types, statistics; of a network its layers.",
    discussion: """
      Examples:
        clew inspect features.npz
        clew inspect --model resnet18 --checkpoint resnet18.pth
      """)

  @Argument(
    help: ArgumentHelp(
      "A NumPy, safetensors, HDF5 or CSV file, a PyTorch checkpoint or a run's folder, a PNG, JPEG or TIFF picture; file:key for one array.",
      valueName: "file"))
  var file: String?

  @OptionGroup var network: NetworkOptions

  @Option(
    help: ArgumentHelp(
      "Shape of a network's input, as in 1,3,224,224 (default: its own; 224 rows and columns, or 32 unless it reads pictures).",
      valueName: "list"))
  var inputShape: String?

  @OptionGroup var common: CommonOptions

  func validate() throws {
    if (file == nil) == (network.model == nil) { throw ValidationError("Give either a file or --model.") }
  }

  func run() throws {
    try common.apply()
    guard let file else {
      let (network, files) = try network.load(common.precision)
      return try NetworkTable(network, inputShape: inputShape).print(common, files: files)
    }
    if let network = try? Network.load(file) {
      return try NetworkTable(network, inputShape: inputShape).print(common, files: [file])
    }
    let input = InputPath(parsing: file)
    let arrays = try NamedArrays.load(input.path)
    if let key = input.key { _ = try arrays.array(named: key) }
    let entries = arrays.entries.filter { input.key == nil || $0.name == input.key }.map { Entry($0, in: arrays) }
    let warnings = entries.compactMap { entry in entry.problem.map { "\(entry.name): \($0)" } }
    common.warn(warnings)
    if common.json {
      let report = Report(
        entries: entries, warnings: warnings, provenance: try Provenance(common, inputs: [arrays.path]))
      try standardOutput(jsonDocument(report))
    } else {
      try standardOutput(entries.map(\.line).joined(separator: "\n") + "\n")
    }
  }

  /// A file's text, as a terminal may see it.
  static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars.prefix(40).map { $0.properties.generalCategory == .control ? "?" : String($0) }
    return scalars.joined() + (text.unicodeScalars.count > 40 ? "…" : "")
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
    /// Of the last axis's members, if the file names them.
    let channelNames: [String]?
    /// The first of an array of texts.
    let texts: [String]?

    init(_ entry: ArrayDescription, in arrays: NamedArrays) {
      name = entry.name
      shape = entry.shape?.extents
      storedType = entry.storedType
      dtype = entry.dtype.map { "\($0)" }
      channelNames = entry.channelNames
      var firstTexts: [String]?
      do throws(FormatError) {
        if let problem = entry.problem { throw problem }
        firstTexts = entry.isText ? Array(try arrays.texts(named: entry.name).prefix(8)) : nil
        let values = entry.isText ? nil : try arrays.array(named: entry.name).doubles
        let finite = values?.filter(\.isFinite) ?? []
        minimum = finite.min()
        maximum = finite.max()
        mean = finite.isEmpty ? nil : finite.reduce(0) { $0 + $1 / Double(finite.count) }
        notFinite = values.map { $0.count - finite.count }
        problem = nil
      } catch {
        (minimum, maximum, mean, notFinite) = (nil, nil, nil, nil)
        problem = error.description
      }
      texts = firstTexts
    }

    var line: String {
      let size = shape.map { "[" + $0.map(String.init).joined(separator: ", ") + "]" } ?? "?"
      var text = "\(name)  \(storedType ?? dtype ?? "?") \(size)"
      if let minimum, let maximum, let mean { text += "  min \(minimum)  max \(maximum)  mean \(mean)" }
      if let texts { text += "  " + texts.map(InspectCommand.shown).joined(separator: ", ") + (texts.count == 8 ? ", …" : "") }
      if let notFinite, notFinite > 0 { text += "  \(notFinite) not finite" }
      return text
    }
  }
}
