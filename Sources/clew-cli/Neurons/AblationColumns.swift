import Clew

/// The splits of an ablation as one table: a row for each sample, a column for each feature, and columns for split, group and target.
struct AblationColumns {
  /// Names of the features, in the order of the table.
  let features: [String]
  private let table: CSVTable
  private let names: AblationNames
  private let rows: [String: [Int]]

  static func isTable(_ path: String) -> Bool { [".csv", ".tsv"].contains(where: path.lowercased().hasSuffix) }

  init(_ path: String, _ names: AblationNames) throws {
    table = try CSVTable(path)
    self.names = names
    let splits = try TableEncoding.texts(names.splitColumn, of: table)
    rows = Dictionary(grouping: splits.indices) { splits[$0] }
    let labels = [names.splitColumn, names.groupColumn, names.targetColumn]
    features = table.names.filter { !labels.contains($0) }
  }

  var train: FeatureSplit { get throws { try split(names.train, needsGroups: true) } }

  /// The test split, then the in-distribution split if there is one.
  var splits: [FeatureSplit] {
    get throws {
      var result = [try split(names.test, needsGroups: false)]
      if let id = names.id ?? (rows["id"] != nil ? "id" : nil) { result.append(try split(id, needsGroups: false)) }
      return result
    }
  }

  private func split(_ name: String, needsGroups: Bool) throws -> FeatureSplit {
    guard let own = rows[name] else {
      let known = rows.keys.sorted()
      let hint = NearestName.nearest(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
      throw CommandError.unusable(
        "\(table.path): found no row whose '\(names.splitColumn)' is '\(name)', expected one of "
          + "\(known.prefix(8).joined(separator: ", "))\(hint)")
    }
    let hasGroups = needsGroups || table.names.contains(names.groupColumn)
    let groups = hasGroups ? try TableEncoding.texts(names.groupColumn, of: table) : nil
    let targets = try TableEncoding.texts(names.targetColumn, of: table)
    let columns = try features.map { try Self.numbers($0, table) }
    let values = own.flatMap { row in columns.map { $0[row] } }
    let (ownGroups, ownTargets) = (groups.map { groups in own.map { groups[$0] } }, own.map { targets[$0] })
    do throws(NeuronError) {
      return try FeatureSplit(
        name: name, features: NDArray(values, shape: [own.count, columns.count]), groups: ownGroups, targets: ownTargets)
    } catch { throw CommandError.unusable("\(table.path): \(error)") }
  }

  /// The head in a file of arrays, or as a table with a row for each output, a column for each feature and perhaps one called bias.
  func head(_ path: String) throws -> LinearHead {
    guard Self.isTable(path) else { return try AblationInput.head(path, names) }
    let head = try CSVTable(path)
    let columns = try features.map { try Self.numbers($0, head) }
    let bias = names.bias ?? (head.names.contains("bias") ? "bias" : nil)
    let weights = (0..<head.rowCount).flatMap { row in columns.map { $0[row] } }
    let biases = try bias.map { NDArray(try Self.numbers($0, head), shape: [head.rowCount]) }
    do throws(NeuronError) {
      return try LinearHead(weight: NDArray(weights, shape: [head.rowCount, columns.count]), bias: biases)
    } catch { throw CommandError.unusable("\(path): \(error)") }
  }

  private static func numbers(_ name: String, _ table: CSVTable) throws -> [Double] {
    _ = try TableEncoding.texts(name, of: table)
    guard let place = table.names.firstIndex(of: name), case .numbers(let numbers) = table.columns[place] else {
      throw CommandError.unusable(
        "\(table.path): found texts in the column '\(name)', expected numbers, as in every column but those of labels")
    }
    return numbers
  }
}
