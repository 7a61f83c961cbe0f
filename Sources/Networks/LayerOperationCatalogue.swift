/// Every operation of a layer, one line each: what a saved network can hold. A test compares this list with the folder.
public enum LayerOperationCatalogue {
  public static let operations: [any LayerOperation.Type] = [
    Activation.self,
    AdaptiveAveragePooling.self,
    Arithmetic.self,
    Attention.self,
    AveragePooling.self,
    BatchNormalization.self,
    Concatenation.self,
    Constant.self,
    Convolution.self,
    Dropout.self,
    Flattening.self,
    GlobalAveragePooling.self,
    Identity.self,
    LayerNormalization.self,
    Linear.self,
    MaxPooling.self,
    ONNXOperator.self,
    Patches.self,
    Scale.self,
    TokenInsertion.self,
    TokenSelection.self,
  ]

  /// The operation that is called `name`, if there is one.
  public static func operation(named name: String) -> (any LayerOperation.Type)? {
    operations.first { $0.name == name }
  }
}
