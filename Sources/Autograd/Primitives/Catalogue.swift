/// Every operation, one line each. A test compares this list with the folder; the generic tests run over it.
public enum Catalogue {
  public static let primitives: [any Primitive.Type] = [
    Add.self,
    Affine.self,
    BroadcastTo.self,
    Convolution2D.self,
    Convolution2DInputGradient.self,
    Convolution2DWeightGradient.self,
    Eigh.self,
    Exp.self,
    MatMul.self,
    Multiply.self,
    Permute.self,
    ReciprocalGaps.self,
    Reshape.self,
    Sum.self,
  ]
}
