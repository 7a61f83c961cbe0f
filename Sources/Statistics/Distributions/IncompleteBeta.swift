import Foundation

/// I_x(a, b), the regularised incomplete beta function, for a, b > 0 and 0 ≤ x ≤ 1; relative error about 1e-13.
///
/// The continued fraction of Didonato & Morris (ACM TOMS 18, 1992, algorithm 708, BFRAC), whose terms do not cancel near the mean,
/// with the factor in front of it by Loader's saddle point ("Fast and accurate computation of binomial probabilities", 2000),
/// which keeps its accuracy where logarithms of gamma functions would cancel.
///
/// - Parameters:
///   - x: from 0 to 1.
///   - complement: 1 − x, where the caller knows it more exactly than the subtraction would give it.
///   - a: positive.
///   - b: positive.
public func regularizedIncompleteBeta(_ x: Double, complement: Double? = nil, a: Double, b: Double) -> Double {
  let y = complement ?? (1 - x)
  if x <= 0 { return 0 }
  if y <= 0 { return 1 }
  // a − (a + b)x, from the smaller of x and y, which is the more exact. The fraction converges fast where it is positive.
  let excess = x < y ? a - (a + b) * x : (a + b) * y - b
  if excess < 0 { return 1 - regularizedIncompleteBeta(y, complement: x, a: b, b: a) }
  return binomialDensity(a, b, x, y) * (a * b / (a + b)) * continuedFraction(x, y, a, b, excess)
}

/// Γ(a + b + 1) / (Γ(a + 1) Γ(b + 1)) · xᵃ yᵇ.
private func binomialDensity(_ a: Double, _ b: Double, _ x: Double, _ y: Double) -> Double {
  let n = a + b
  let exponent = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y)
  return exp(exponent) * (n / (2 * .pi * a * b)).squareRoot()
}

/// log Γ(n + 1) − log(√(2πn) (n/e)ⁿ)
private func stirlingError(_ n: Double) -> Double {
  if n < 15 { return logGamma(n + 1) - (n + 0.5) * log(n) + n - 0.918938533204672741780329736406 }
  let square = n * n
  return (1 / 12.0 - (1 / 360.0 - (1 / 1260.0 - (1 / 1680.0 - 1 / 1188.0 / square) / square) / square) / square) / n
}

/// x log(x/m) + m − x, without cancellation where x is near m.
private func deviance(_ x: Double, _ m: Double) -> Double {
  if abs(x - m) >= 0.1 * (x + m) { return x * log(x / m) + m - x }
  let v = (x - m) / (x + m)
  var sum = (x - m) * v
  var term = 2 * x * v
  for j in 1..<1000 {
    term *= v * v
    let next = sum + term / Double(2 * j + 1)
    if next == sum { break }
    sum = next
  }
  return sum
}

/// The fraction that xᵃ yᵇ / B(a, b) is multiplied by, in the names of algorithm 708.
private func continuedFraction(_ x: Double, _ y: Double, _ a: Double, _ b: Double, _ lambda: Double) -> Double {
  let (c, c0, c1) = (1 + lambda, b / a, 1 + 1 / a)
  var (p, s) = (1.0, a + 1)
  var (numerators, denominators) = ((0.0, 1.0), (1.0, c / c1))
  var result = c1 / c
  // The number of steps grows with the square root of the larger parameter.
  for step in 1..<200_000 {
    let n = Double(step)
    let t = n / a
    let w = n * (b - n) * x
    let alpha = p * (p + c0) * (a / s) * (a / s) * (w * x)
    let beta = n + w / s + (1 + t) / (c1 + 2 * t) * (c + n * (1 + y))
    p = 1 + t
    s += 2
    numerators = (numerators.1, alpha * numerators.0 + beta * numerators.1)
    denominators = (denominators.1, alpha * denominators.0 + beta * denominators.1)
    let next = numerators.1 / denominators.1
    let isDone = abs(next - result) <= 1e-16 * next
    result = next
    if isDone { break }
    numerators = (numerators.0 / denominators.1, next)
    denominators = (denominators.0 / denominators.1, 1)
  }
  return result
}

/// log Γ(x) for x > 0.
func logGamma(_ x: Double) -> Double {
  // The plain `lgamma` writes the sign to a global variable.
  var sign: Int32 = 0
  return lgamma_r(x, &sign)
}
