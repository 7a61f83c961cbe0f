/// Every operation, one line each. A test compares this list with the folder; the generic tests run over it.
public enum Catalogue {
  public static let primitives: [any Primitive.Type] = [
    Add.self,
    Affine.self,
    AveragePool2D.self,
    AveragePool2DAdjoint.self,
    BroadcastTo.self,
    Convolution2D.self,
    Convolution2DInputGradient.self,
    Convolution2DWeightGradient.self,
    Eigh.self,
    Exp.self,
    MatMul.self,
    MaxPool2D.self,
    Multiply.self,
    Permute.self,
    PlaneGather.self,
    PlaneScatter.self,
    ReciprocalDeviation.self,
    ReciprocalGaps.self,
    Reshape.self,
    Standardize.self,
    Sum.self,
  ]
}
