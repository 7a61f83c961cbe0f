/// How wide the step of a spectral filter is.
public enum FilterWidth: Sendable, Equatable, CustomStringConvertible {
  /// Given, from 10⁻⁴ to 2; eigenvalues lie between −1 and 1.
  case value(Double)
  /// max(λ_K − λ_{K+1}, |λ_K|/10, 10⁻³): a gap that is wide beside the eigenvalue decides alone, and then the filter is the
  /// projector of the K eigenvectors.
  case automatic

  public var description: String {
    switch self {
    case .value(let width): "\(width)"
    case .automatic: "auto"
    }
  }
}

/// A smooth step over the spectrum, which weights eigenvectors where no gap tells which to take: f(λ) = p(t) with
/// t = (λ − centre)/width + ½ between 0 and 1 and p(t) = 10t³ − 15t⁴ + 6t⁵; 0 below, 1 above.
///
/// f has two continuous derivatives and a compact support, so that few eigenvectors have a weight.
public struct SpectralFilter: Sendable, Equatable {
  /// Where f is ½: the middle between λ_K and λ_{K+1}.
  public let centre: Double
  /// From where f leaves 0 to where it reaches 1.
  public let width: Double
  /// L, the number of eigenvectors with a weight above zero.
  public let count: Int

  /// Up to it there is no weight.
  var lowerEdge: Double { centre - (0.5 - negligiblePlace) * width }

  private func place(_ eigenvalue: Double) -> Double {
    eigenvalue <= lowerEdge ? 0 : min(1, (eigenvalue - centre) / width + 0.5)
  }

  func value(_ eigenvalue: Double) -> Double {
    let t = place(eigenvalue)
    return t * t * t * (10 - 15 * t + 6 * t * t)
  }

  /// f[a, b] = (f(a) − f(b))/(a − b), and f′ where they are equal; without a difference that could cancel.
  func dividedDifference(_ a: Double, _ b: Double) -> Double {
    let (s, t) = (place(a), place(b))
    // Σ s^i·t^(n−1−i), the divided difference of tⁿ.
    let (two, four) = (s * s + s * t + t * t, s * s * s * s + s * s * s * t + s * s * t * t + s * t * t * t + t * t * t * t)
    let three = (s + t) * (s * s + t * t)
    let slope = (10 * two - 15 * three + 6 * four) / width
    if a == b { return slope }
    // What of the way from b to a lies on the step.
    return slope * min(1, (s - t) * width / (a - b))
  }
}

extension SpectralFilter {
  /// - Parameters:
  ///   - eigenvalues: largest first, K or K + 1 at least.
  ///   - segments: K.
  /// - Throws: ``SpectralError/invalidInput(_:)`` for a width out of range.
  init(_ rule: FilterWidth, eigenvalues: [Double], segments: Int) throws(SpectralError) {
    let last = eigenvalues[segments - 1]
    let next = eigenvalues.count > segments ? eigenvalues[segments] : nil
    switch rule {
    case .value(let given):
      if !filterWidths.contains(given) {
        throw .invalidInput(
          "the spectral filter's width is \(given); expected from \(filterWidths.lowerBound) to \(filterWidths.upperBound)")
      }
      width = given
    case .automatic: width = max(last - (next ?? last), abs(last) / 10, 1e-3)
    }
    // With as many segments as nodes all eigenvectors have all their weight.
    centre = next.map { (last + $0) / 2 } ?? last - width / 2
    count = segments
  }

  fileprivate func with(count: Int) -> SpectralFilter { SpectralFilter(centre: centre, width: width, count: count) }
}

/// Where on the step a weight, of 10⁻²⁹ there, counts as zero: an automatic step over a wide gap begins at λ_{K+1}, whose rounding
/// is to make neither a weight nor another eigenproblem.
private let negligiblePlace = 1e-10

/// Narrower ones could not tell eigenvalues apart that float32 cannot.
private let filterWidths = 1e-4...2.0

/// More eigenvectors than anyone means to weight.
private let largestSupport = 256

/// A filter with the eigenpairs that it needs.
struct FilteredSpectrum: Sendable {
  let filter: SpectralFilter
  /// The wanted ones are those with a weight, and a few more.
  let pairs: LeadingEigenpairs

  init(_ cut: NormalizedCut, _ rule: FilterWidth) throws(SpectralError) {
    guard let affinity = cut.affinity as? any CompleteAffinity else {
      throw .invalidInput("found a cut that was extended from a sample, expected one of all nodes for a spectral filter")
    }
    let known = Array(cut.pairs.values.prefix(cut.pairs.reliable))
    let filter = try SpectralFilter(rule, eigenvalues: known, segments: cut.segmentCount)
    var pairs = cut.pairs
    while true {
      let values = Array(pairs.values.prefix(pairs.reliable))
      let support = values.firstIndex { $0 <= filter.lowerEdge } ?? values.count
      if support > largestSupport {
        throw .invalidInput(
          "more than \(largestSupport) eigenvalues are above \(filter.lowerEdge), where the spectral filter of width "
            + "\(filter.width) begins; expected fewer: give a narrower width, or fewer segments")
      }
      if support == values.count && support < cut.nodeCount {
        // The end of the support has to be seen.
        pairs = try affinity.leadingEigenpairs(min(cut.nodeCount, support + 1))
        continue
      }
      let needed = filter.neededPairs(values, support: support)
      // Of a full decomposition all are known.
      if pairs.deflation == nil { pairs = pairs.wanting(needed) }
      if pairs.wanted == needed || pairs.wanted > support && pairs.wanted != cut.segmentCount {
        (self.filter, self.pairs) = (filter.with(count: support), pairs)
        return
      }
      pairs = try affinity.leadingEigenpairs(needed)
    }
  }
}

extension SpectralFilter {
  /// Eigenpairs with a weight and, where the solves beyond the last of them would be near-singular, up to eight more below the
  /// step.
  fileprivate func neededPairs(_ values: [Double], support: Int) -> Int {
    let last = values[support - 1]
    return values.indices.first { $0 >= support && ($0 == support + 8 || last - values[$0] >= width / 4) } ?? values.count
  }
}

extension LeadingEigenpairs {
  /// The same with another number of wanted ones, of a full decomposition.
  fileprivate func wanting(_ count: Int) -> LeadingEigenpairs {
    LeadingEigenpairs(
      values: values, vectors: vectors, deflation: nil, residuals: residuals, wanted: count, reliable: reliable,
      products: products)
  }
}
