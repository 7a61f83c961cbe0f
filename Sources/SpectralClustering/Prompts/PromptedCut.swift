/// A normalised cut in two, biased towards prompts: which nodes belong with those that are said to be foreground.
///
/// Maji, Vishnoi & Malik, "Biased normalized cuts", CVPR 2011, equation 6: of all x that correlate with seeds s, the one with the
/// smallest normalised cut is x ∝ Σ_k u_k·(u_kᵀ·D·s)/(λ'_k − γ) over the generalised eigenvectors, in practice those of the K
/// smallest λ', with γ = −τ times their mean. In terms of A = D^(−½)·W·D^(−½), where u = D^(−½)·v and λ' = 1 − λ, that is
/// x = D^(−½)·F·b with
///
///     F = V·g(Λ)·Vᵀ,  g(λ) = 1/(1 + (1 − λ)/m),  m = τ·mean(1 − λ_2 … 1 − λ_K),  b = D^½·s.
///
/// The seeds have mass 1 on the foreground prompts and −1 on the background, of which a share ω lies on its prompts and the
/// rest on all nodes: s = 1_F/vol F − ω·1_B/vol B − (1 − ω)·1/vol, with vol the sum of degrees, so that 1ᵀ·D·s = 0 and the
/// eigenvector of λ = 1 falls out. The score of a node is x made a cosine in the space in which F is the inner product,
/// (F·b)_i/√(F_ii·bᵀ·F·b), which has the sign of x_i, is between −1 and 1, and does not depend on how many nodes a part has.
/// Where m would be smaller than 0.01, it is 0.01: parts that hardly touch count alike.
///
/// F is a function of A: signs of eigenvectors and turns inside repeated eigenvalues do not matter, and it has an exact
/// derivative wherever λ_K > λ_{K+1}.
public struct PromptedCut: Sendable {
  public let cut: NormalizedCut
  public let prompts: CutPrompts
  /// −1 … 1 of each node: how near to the foreground. 0 is as near as the average of all nodes.
  public let scores: [Double]
  /// Above it, a node belongs to the foreground.
  public let threshold: Double
  /// The nodes with a score above ``threshold``, ascending.
  public let foreground: [Int]
  /// g(λ) of each of the K eigenvalues, from 1 downward.
  public let filter: [Double]
  public let warnings: [String]

  let form: PromptedForm

  /// - Parameters:
  ///   - cut: at least two eigenvectors.
  ///   - prompts: nodes of the cut.
  ///   - threshold: the score above which a node belongs to the foreground, −1 … 1 (default: the one from 0 on that parts the
  ///     scores best, by Otsu 1979).
  /// - Throws: ``SpectralError/invalidInput(_:)`` for prompts that are no nodes of the cut, or a cut with one eigenvector;
  ///   ``SpectralError/degenerate(_:)`` where the K eigenvectors do not tell the prompts from the rest.
  public init(_ cut: NormalizedCut, prompts: CutPrompts, threshold: Double? = nil) throws(SpectralError) {
    if cut.sample != nil {
      throw .invalidInput("found a cut that was extended from a sample, expected one of all nodes for prompts")
    }
    if cut.segmentCount < 2 { throw .invalidInput("found 1 eigenvector, expected at least 2 for a cut in two") }
    if let node = (prompts.foreground + prompts.background).first(where: { !(0..<cut.nodeCount).contains($0) }) {
      throw .invalidInput("found a prompt at node \(node), expected from 0 to \(cut.nodeCount - 1)")
    }
    if let threshold, !(-1...1).contains(threshold) {
      throw .invalidInput("found a threshold of \(threshold), expected a score from -1 to 1")
    }
    (self.cut, self.prompts) = (cut, prompts)
    form = PromptedForm(cut, prompts)
    guard form.strength > 1e-14 * form.seedSize else {
      throw .degenerate(
        "the \(cut.segmentCount) eigenvectors do not tell the prompts from the rest; ask for more of them, or other prompts")
    }
    scores = form.scores
    filter = form.filter
    let limit = threshold ?? otsuThreshold(scores, floor: 0)
    self.threshold = limit
    foreground = scores.indices.filter { [scores] in scores[$0] > limit }
    var warnings = cut.warnings
    let lost = prompts.foreground.filter { [scores] in scores[$0] <= limit }
    let caught = prompts.background.filter { [scores] in scores[$0] > limit }
    if !lost.isEmpty {
      warnings.append(
        "\(lost.count) of \(prompts.foreground.count) foreground prompts came out as background; more eigenvectors tell more apart"
      )
    }
    if !caught.isEmpty {
      warnings.append(
        "\(caught.count) of \(prompts.background.count) background prompts came out as foreground; more eigenvectors tell more "
          + "apart, and so may a larger background weight")
    }
    self.warnings = warnings
  }

  /// Mean score over the foreground; 0 if it is empty.
  public var objective: Double {
    foreground.isEmpty ? 0 : foreground.reduce(0) { $0 + scores[$1] } / Double(foreground.count)
  }

  /// The derivative of the objective, on the nodes of the foreground.
  public struct Gradient: Sendable {
    /// [N, D] float64: row i is ∂objective/∂x_i for the nodes of the foreground, and zero for the others.
    public let values: NDArray
    /// ∂objective/∂σ, whether σ moves or not; `nil` for an affinity of your own and where it was not asked for.
    public let widthGradient: Double?
    /// Largest relative residual of the linear solves behind it.
    public let residual: Double
    public let warnings: [String]
  }

  /// The gradient of the mean score over the foreground. Which nodes are foreground is a constant of it; eigenvalues,
  /// eigenvectors, the filter's m and the degrees in the seeds move.
  ///
  /// - Parameters:
  ///   - rows: the nodes whose row is wanted (default: those of the foreground).
  ///   - withWidths: whether ∂/∂σ is computed also where σ does not move (default), which takes a pass of its own.
  /// - Throws: ``SpectralError``.
  public func gradient(rows: [Int]? = nil, withWidths: Bool = true) throws(SpectralError) -> Gradient {
    if foreground.isEmpty {
      return Gradient(
        values: .zeros([cut.nodeCount, cut.affinity.channelCount], dtype: .float64), widthGradient: withWidths ? 0 : nil,
        residual: 0, warnings: [])
    }
    let result = try cut.affinity.pullback(
      cut.pairs, rows: [rows ?? foreground], closedGap: .leaveOut, withWidths: withWidths, beyond: nil,
      cotangent: { _ in form.cotangent(of: foreground) })
    let residual = result.residuals.max() ?? 0
    var warnings: [String] = []
    if result.leftOut > 1e-6 {
      warnings.append(
        "the derivative along eigenvectors that are tied with eigenvalue \(cut.segmentCount) does not exist and is left out "
          + "(share of the cotangent: \(result.leftOut))")
    } else if residual > 1e2 * (cut.precision == .float32 ? Float.solveTolerance : Double.solveTolerance) {
      warnings.append("a linear solve stopped at a relative residual of \(residual)")
    }
    return Gradient(
      values: result.features.array, widthGradient: result.widths?.first, residual: residual, warnings: warnings)
  }
}
