/// softmax(q·kᵀ·scale)·v over the last two axes; leading axes (batch, heads) broadcast.
///
/// - Parameters:
///   - query: [batch…, L, E].
///   - key: [batch…, S, E].
///   - value: [batch…, S, D].
///   - mask: broadcast to [batch…, L, S] (default: none). `bool`: where it is false, a query does not see a key, and one that
///     sees no key at all gives 0. Floating-point: added to the scaled products.
///   - scale: 1/√E unless given.
/// - Returns: [batch…, L, D]. Traps if shapes do not fit.
///
/// Source: Vaswani et al., "Attention is all you need" (2017), equation 1. Holds all L×S weights at once.
public func scaledDotProductAttention(
  _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, scale: Double? = nil
) -> Tensor {
  if query.rank < 2 || key.rank < 2 || value.rank < 2 {
    fail(
      .shape(
        "scaledDotProductAttention",
        "expected [batch…, L, E], [batch…, S, E] and [batch…, S, D], found \(query.shape), \(key.shape) and \(value.shape)"))
  }
  let scale = scale ?? 1 / Double(max(1, query.shape[query.rank - 1])).squareRoot()
  // The smaller operand is scaled, not the L×S products.
  let products = matmul(query * scale, key, transposeB: true)
  guard let mask else { return matmul(softmax(products), value) }
  if mask.dtype != .bool { return matmul(softmax(products + mask), value) }
  // Not −∞: a row of nothing else would be NaN, in its derivative too.
  let weights = softmax(select(where: mask, products, else: -1e38))
  return matmul(select(where: mask, weights, else: 0), value)
}
