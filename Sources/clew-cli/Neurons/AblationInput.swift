import ArgumentParser
import Clew

/// What the arrays of an ablation are called.
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

  @Option(help: ArgumentHelp("The head's weight.", valueName: "name"))
  var weight = "weight"

  @Option(help: ArgumentHelp("The head's bias (default: bias, if there is one).", valueName: "name"))
  var bias: String?
}

/// The splits and the head of an ablation, from files.
struct AblationInput {
  let train: FeatureSplit
  /// The test split, then the in-distribution split if there is one.
  let splits: [FeatureSplit]
  let head: LinearHead
  let featuresPath: String
  let headPath: String

  init(features: String, head: String, names: AblationNames) throws {
    let arrays = try NamedArrays.load(features)
    let weights = try NamedArrays.load(head)
    featuresPath = arrays.path
    headPath = weights.path
    train = try Self.split(names.train, arrays, names, needsGroups: true)
    var splits = [try Self.split(names.test, arrays, names, needsGroups: false)]
    if let id = names.id ?? (arrays.names.contains("id") ? "id" : nil) {
      splits.append(try Self.split(id, arrays, names, needsGroups: false))
    }
    self.splits = splits
    let bias = names.bias ?? (weights.names.contains("bias") ? "bias" : nil)
    do {
      self.head = try LinearHead(
        weight: try weights.array(named: names.weight), bias: try bias.map { try weights.array(named: $0) })
    } catch let error as NeuronError {
      throw CommandError.unusable("\(head): \(error)")
    }
  }

  private static func split(
    _ name: String, _ arrays: NamedArrays, _ names: AblationNames, needsGroups: Bool
  ) throws -> FeatureSplit {
    let groupName = name + names.groupSuffix
    let groups = needsGroups || arrays.names.contains(groupName) ? try labels(groupName, arrays) : nil
    do {
      return try FeatureSplit(
        name: name, features: try arrays.array(named: name), groups: groups,
        targets: try labels(name + names.targetSuffix, arrays))
    } catch let error as NeuronError {
      throw CommandError.unusable("\(arrays.path): \(error)")
    }
  }

  /// Labels of samples: whole numbers in whatever type they are stored.
  static func labels(_ name: String, _ arrays: NamedArrays) throws -> [String] {
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
