/// Sets elements to 0 at random while training, and divides the others by the probability that they stay.
///
/// So the expectation is x, and evaluation needs no factor (inverted dropout).
///
/// - Parameters:
///   - x: float32 or float64.
///   - probability: of being set to 0, in [0, 1] (default ½). Traps otherwise.
///   - isTraining: x is returned as it is, and nothing is drawn, unless this holds.
///   - random: one number is drawn for each element, in order: the same seed gives the same mask.
///
/// Source: Srivastava et al., "Dropout" (2014).
public func dropout(
  _ x: Tensor, probability: Double = 0.5, isTraining: Bool, using random: inout RandomSource
) -> Tensor {
  if !(0...1 ~= probability) { fail(.argument("dropout", "a probability of \(probability) is not in 0…1")) }
  if !isTraining { return x }
  let factor = probability == 1 ? 0 : 1 / (1 - probability)
  var factors: [Double] = []
  factors.reserveCapacity(x.count)
  for _ in 0..<x.count { factors.append(random.uniform() < probability ? 0 : factor) }
  return x * Tensor(factors, shape: x.shape, dtype: x.dtype)
}
