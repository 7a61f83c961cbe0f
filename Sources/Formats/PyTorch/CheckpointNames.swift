/// The names of a checkpoint's tensors, and which of them are the model's.
struct CheckpointNames {
  struct Tensor {
    let name: String
    let index: Int
  }

  /// Those of the model first, in the order of the file.
  private(set) var tensors: [Tensor] = []
  /// How many of ``tensors`` are the model's.
  private(set) var modelCount = 0
  /// The first path to an object of each class that is not known, in the order of the file.
  private(set) var unknown: [(path: String, className: String)] = []
  private var classNames: Set<String> = []
  private var names: Set<String> = []
  /// A tensor may be reached by many paths, and a path be long.
  private static let maximalCount = 1_000_000

  /// Under which training frameworks store the state dict of the model: mmengine and Lightning, then common habits.
  private static let modelKeys = ["state_dict", "model_state_dict", "model", "net", "network"]

  init(_ root: CheckpointValue) throws(PickleError) {
    let modelKey = Self.modelKeys.first { key in root[key].map(Self.holdsTensors) ?? false }
    if let modelKey, let model = root[modelKey] {
      try visit(model, path: "")
      modelCount = tensors.count
      for member in root.members ?? [] where member.key != modelKey { try visit(member.value, path: member.key) }
    } else {
      try visit(root, path: "")
      modelCount = tensors.count
    }
  }

  private static func holdsTensors(_ value: CheckpointValue) -> Bool {
    value.members?.contains {
      if case .tensor = $0.value { return true }
      return $0.key == "_parameters" || $0.key == "_modules"
    } ?? false
  }

  private mutating func visit(_ value: CheckpointValue, path: String) throws(PickleError) {
    switch value {
    case .tensor(let index): try add(path.isEmpty ? "array" : path, index)
    case .list(let values):
      for (position, value) in values.enumerated() { try visit(value, path: Self.join(path, "\(position)")) }
    case .dictionary(let members):
      for member in members { try visit(member.value, path: Self.join(path, member.key)) }
    case .object(let className, let members):
      // A whole module was saved, not its state dict: the names of the latter leave these three out.
      let parts: Set<String> = ["_parameters", "_buffers", "_modules"]
      let isModule = members.contains { $0.key == "_modules" }
      if !isModule, classNames.insert(className).inserted { unknown.append((path, className)) }
      for member in members where !isModule || parts.contains(member.key) {
        try visit(member.value, path: isModule ? path : Self.join(path, member.key))
      }
    default: break
    }
  }

  private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  private mutating func add(_ name: String, _ index: Int) throws(PickleError) {
    guard tensors.count < Self.maximalCount else {
      throw PickleError(.tooLarge, found: "more than \(Self.maximalCount) tensors", expected: "a checkpoint of a model")
    }
    // Where a key comes twice, the last one counts.
    if names.insert(name).inserted {
      tensors.append(Tensor(name: name, index: index))
    } else if let place = tensors.firstIndex(where: { $0.name == name }) {
      tensors[place] = Tensor(name: name, index: index)
    }
  }
}
