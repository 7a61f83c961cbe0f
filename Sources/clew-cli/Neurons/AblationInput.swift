import ArgumentParser
import Clew

/// What the arrays of an ablation, or the columns of a table, are called.
struct AblationNames: ParsableArguments {
  @Option(help: ArgumentHelp("The training features.", valueName: "name"))
  var train = "train"

  @Option(
    help: ArgumentHelp("The features that are reported first (out of distribution, if there is an --id).", valueName: "name"))
  var test = "test"

  @Option(help: ArgumentHelp("The in-distribution features (default: id, if there is one).", valueName: "name"))
  var id: String?

  @Option(help: ArgumentHelp("What a split's name is followed by for its group labels.", valueName: "text"))
  var groupSuffix = "_group"

  @Option(help: ArgumentHelp("What a split's name is followed by for its target labels.", valueName: "text"))
  var targetSuffix = "_target"

  @Option(help: ArgumentHelp("The column of a table that says which split a row belongs to.", valueName: "name"))
  var splitColumn = "split"

  @Option(help: ArgumentHelp("The column of a table with the group labels.", valueName: "name"))
  var groupColumn = "group"

  @Option(help: ArgumentHelp("The column of a table with the target labels.", valueName: "name"))
  var targetColumn = "target"

  @Option(help: ArgumentHelp("The head's weight.", valueName: "name"))
  var weight = "weight"

  @Option(help: ArgumentHelp("The head's bias (default: bias, if there is one).", valueName: "name"))
  var bias: String?
}

/// The splits and the head of an ablation.
struct AblationInput {
  let train: FeatureSplit
  /// The test split, then the in-distribution split if there is one.
  let splits: [FeatureSplit]
  let head: LinearHead
  /// Empty where the file does not name them.
  var featureNames: [String] = []
  let files: [String]

  /// From a file of features and one of the head.
  init(features: String, head: String, names: AblationNames) throws {
    if AblationColumns.isTable(features) {
      let table = try AblationColumns(features, names)
      (train, splits, featureNames) = (try table.train, try table.splits, table.features)
      self.head = try table.head(head)
      files = [features, head]
      return
    }
    let arrays = try NamedArrays.load(features)
    files = [arrays.path, try NamedArrays.load(head).path]
    (train, splits) = try Self.splits(arrays, names) { $0 }
    self.head = try Self.head(head, names)
  }

  /// From arrays for weight and bias.
  static func head(_ path: String, _ names: AblationNames) throws -> LinearHead {
    let weights = try NamedArrays.load(path)
    let bias = names.bias ?? (weights.names.contains("bias") ? "bias" : nil)
    do {
      return try LinearHead(
        weight: try weights.array(named: names.weight), bias: try bias.map { try weights.array(named: $0) })
    } catch let error as NeuronError {
      throw CommandError.unusable("\(path): \(error)")
    }
  }

  /// From a network and the samples that it is run on: features at a layer, and the linear layer behind it as the head.
  init(
    network: Network, networkFiles: [String], data: String, layer: String?, headLayer: String?, names: AblationNames
  ) throws {
    let arrays = try NamedArrays.load(data)
    files = networkFiles + [arrays.path]
    let found = try headLayer.map { try network.layer(named: $0) } ?? network.linearHead
    guard let head = found, let weight = head.parameter("weight"), weight.rank == 2 else {
      throw CommandError.unusable(
        headLayer.map { "--head-layer: found '\($0)', which is not linear, expected a linear layer" }
          ?? "--model: found a network that does not end in a linear layer, expected --head-layer NAME")
    }
    guard let source = layer ?? head.inputs.first.flatMap({ $0 })?.description else {
      throw CommandError.unusable("--model: found nothing that '\(head.name)' reads, expected features")
    }
    (train, splits) = try Self.splits(arrays, names) { inputs in
      try NetworkSamples(network: network, inputs: inputs).activations(of: [source])[0].values
    }
    self.head = try LinearHead(weight: weight, bias: head.parameter("bias"))
  }

  private static func splits(
    _ arrays: NamedArrays, _ names: AblationNames, _ features: (NDArray) throws -> NDArray
  ) throws -> (FeatureSplit, [FeatureSplit]) {
    let train = try split(names.train, arrays, names, needsGroups: true, features)
    var splits = [try split(names.test, arrays, names, needsGroups: false, features)]
    if let id = names.id ?? (arrays.names.contains("id") ? "id" : nil) {
      splits.append(try split(id, arrays, names, needsGroups: false, features))
    }
    return (train, splits)
  }

  private static func split(
    _ name: String, _ arrays: NamedArrays, _ names: AblationNames, needsGroups: Bool, _ features: (NDArray) throws -> NDArray
  ) throws -> FeatureSplit {
    let groupName = name + names.groupSuffix
    let groups = needsGroups || arrays.names.contains(groupName) ? try labels(groupName, arrays) : nil
    do {
      return try FeatureSplit(
        name: name, features: try features(try arrays.array(named: name)), groups: groups,
        targets: try labels(name + names.targetSuffix, arrays))
    } catch let error as NeuronError {
      throw CommandError.unusable("\(arrays.path): \(error)")
    }
  }

  /// Labels of samples: texts, or whole numbers in whatever type they are stored.
  static func labels(_ name: String, _ arrays: NamedArrays) throws -> [String] {
    if let texts = try? arrays.texts(named: name) { return texts }
    let array = try arrays.array(named: name)
    guard array.rank == 1 || array.rank == 2 && array.shape[1] == 1 else {
      throw CommandError.unusable("\(arrays.path): found '\(name)' of shape \(array.shape), expected one label for each sample")
    }
    return try array.doubles.map { value in
      guard let whole = Int(exactly: value) else {
        throw CommandError.unusable("\(arrays.path): found \(value) in '\(name)', expected whole numbers as labels")
      }
      return String(whole)
    }
  }
}
