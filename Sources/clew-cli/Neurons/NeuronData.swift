import ArgumentParser
import Clew

/// Where the samples of a network are, and what they are called there.
struct NeuronDataOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The samples: .npz, .safetensors, or a table in .csv.", valueName: "file"))
  var data: String

  @Option(help: ArgumentHelp("The array of inputs (default: inputs or images).", valueName: "name"))
  var inputs: String?

  @Option(
    help: ArgumentHelp("The array, or the table's column, of labels (default: labels, or label or target).", valueName: "name"))
  var labels: String?

  @Option(
    help: ArgumentHelp(
      "The training table: ranges and categories are taken from it (default: from the samples).", valueName: "csv"))
  var fitOn: String?

  @Option(help: ArgumentHelp("Numeric columns of a table that are categories.", valueName: "list"))
  var categorical: String?
}

/// Inputs of a network with their labels.
struct NeuronData {
  let inputs: NDArray
  let labels: [String]?
  let files: [String]
  var warnings: [String] = []

  /// Whether labels are read.
  enum Labels {
    case required
    /// If they are there; if they are named, they must be.
    case ifPresent
    case ignored
  }

  init(_ options: NeuronDataOptions, labels: Labels) throws {
    let isTable = [".csv", ".tsv"].contains(where: options.data.lowercased().hasSuffix)
    if isTable {
      try self.init(table: options, reading: labels)
    } else {
      try self.init(arrays: options, reading: labels)
    }
  }

  private init(arrays options: NeuronDataOptions, reading: Labels) throws {
    if options.fitOn != nil || options.categorical != nil {
      throw CommandError.unusable("\(options.data): found no table, expected .csv with --fit-on and --categorical")
    }
    let path = InputPath(parsing: options.data)
    let arrays = try NamedArrays.load(path.path)
    let name = options.inputs ?? path.key ?? ["inputs", "images"].first(where: arrays.names.contains) ?? "inputs"
    inputs = try arrays.array(named: name)
    let label = options.labels ?? "labels"
    let isRead = reading == .required || reading == .ifPresent && (options.labels != nil || arrays.names.contains(label))
    labels = isRead ? try AblationInput.labels(label, arrays) : nil
    files = [arrays.path]
  }

  private init(table options: NeuronDataOptions, reading: Labels) throws {
    let table = try CSVTable(options.data)
    let known = ["labels", "label", "target"].first(where: table.names.contains)
    let label = options.labels ?? known ?? "label"
    let hasLabel = reading == .required || reading == .ifPresent && options.labels != nil || table.names.contains(label)
    labels = hasLabel ? try TableEncoding.texts(label, of: table) : nil
    let fitted = try options.fitOn.map { try CSVTable($0) } ?? table
    let encoding = try TableEncoding(
      fitting: fitted, excluding: fitted.names.contains(label) ? [label] : [],
      categorical: options.categorical?.split(separator: ",").map(String.init) ?? [])
    let encoded = try encoding.encode(table)
    inputs = encoded.values
    files = [options.data] + (options.fitOn.map { [$0] } ?? [])
    if options.fitOn == nil {
      warnings.append(
        "\(options.data): ranges and categories are those of the samples themselves; --fit-on takes those of training")
    }
    if encoded.unknown > 0 {
      warnings.append(
        "\(options.data): \(encoded.unknown) fields are categories that the fitted table does not have; they are all 0")
    }
  }
}
