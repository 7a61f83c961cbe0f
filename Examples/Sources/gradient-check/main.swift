// A function of your own, held against central differences: in a test, this is one line.
import Clew
import GradientTesting

/// Cross-entropy of cosine similarities between the rows of two matrices; row i of `a` belongs to row i of `b`.
func contrastiveLoss(_ a: Tensor, _ b: Tensor, temperature: Double) -> Tensor {
  let unitA = a / a.norm(along: [1], keepingAxes: true)
  let unitB = b / b.norm(along: [1], keepingAxes: true)
  let similarity = matmul(unitA, unitB, transposeB: true) / temperature
  return (similarity.logSumExp(along: [1]) - (unitA * unitB).sum(along: [1]) / temperature).mean()
}

var random = RandomSource(seed: 1)
let a = Tensor(random.normals(15), shape: [5, 3])
let b = Tensor(random.normals(15), shape: [5, 3])

// Both modes, the adjoint identity between them, and all of it once more for the second order.
try checkGradients(of: { [contrastiveLoss($0[0], $0[1], temperature: 0.5)] }, at: [a, b], order: 2)
print("the gradients of contrastiveLoss are right")

// A history cut off by mistake is found, and the message says where.
do {
  try checkGradients(of: { [contrastiveLoss($0[0], $0[0].detached, temperature: 0.5)] }, at: [a])
} catch let mismatch as GradientMismatch {
  print("found: \(mismatch)")
}
