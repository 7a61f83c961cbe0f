/// The way back from cotangents of the extended eigenvectors to the features of all nodes.
///
/// Through V = F·(FᵀF)^(−1/2) to F̄; with h̄_i = f̄_i/√d(x_i) and d̄(x_i) = −½·⟨f̄_i, f_i⟩/d(x_i), the affinity of a node towards one of
/// the sample has the cotangent ⟨h̄_i, b_j⟩ + d̄(x_i), b_j = d_j^(−1/2)·u_j/λ; with Q = WᵀH̄ the sample has d̄_j = −½·⟨q_j, b_j⟩/d_j
/// and Ū = D^(−1/2)·Q·Λ⁻¹, which go on through its own eigenproblem.
///
/// Inside the span U·Λ⁻¹ = A⁻¹·U is smooth where eigenvectors are not: with T = FᵀF̄, what its symmetric part S feels of
/// E = Uᵀ·δA·U is −½·S_ij·(λ_i + λ_j)/(λ_i·λ_j), by the divided differences −1/(λ_i·λ_j) of 1/λ (Daleckii & Krein 1965). Only the
/// antisymmetric part R, zero for functions of the span, is divided by differences: ½·R_ij·(λ_i/λ_j + λ_j/λ_i)/(λ_j − λ_i).
extension NystromExtension {
  func pullback(
    _ pairs: LeadingEigenpairs, rows: [[Int]], closedGap: ClosedGapRule, withWidths: Bool, beyond: Double?,
    cotangent: (Int) -> EigenpairCotangent
  ) throws(SpectralError) -> FeaturePullback {
    let (n, k) = (degrees.count, pairs.wanted)
    let result = Matrix<Double>(n, channelCount)
    var place = [Int?](repeating: nil, count: n)
    for (index, node) in nodes.enumerated() { place[node] = index }
    let weighted = weightedVectors()
    let needsWidths = sample.profile != nil && (withWidths || !sample.medianPairs.isEmpty)
    let slope = needsWidths ? widthSlope(weighted) : nil
    var (residuals, leftOut, widths) = ([Double](), 0.0, needsWidths ? [Double]() : nil)
    // As many cotangents together as fit into some hundred megabytes.
    let block = max(1, blockSize / (n * k))
    for first in stride(from: 0, to: rows.count, by: block) {
      let wanted = Array(rows[first..<min(rows.count, first + block)])
      let sides = extensionCotangents(wanted.count, weighted) { cotangent(first + $0) }
      let local = wanted.map { $0.compactMap { place[$0] } }
      let found = try sample.pullback(
        own, rows: local, closedGap: closedGap, withWidths: withWidths, beyond: nil,
        cotangent: { sides[$0].sample })
      for (index, side) in sides.enumerated() {
        var width = 0.0
        if let slope {
          width = side.width(slope) / sigma
          sample.addMedianCotangent(width, nodes: local[index], into: found.features)
          widths?.append(width + (found.widths?[index] ?? 0))
        }
        for node in local[index] { Double.axpy(1, found.features.row(node), result.row(nodes[node]), channelCount) }
      }
      write(sides, weighted, wanted, local, place, into: result)
      residuals += found.residuals
      leftOut = max(leftOut, found.leftOut)
    }
    return FeaturePullback(
      features: result, residuals: residuals, leftOut: leftOut, widths: widths, accuracies: [], vectorResidual: nil,
      scaleError: 0)
  }

  /// M·[b, 1] of all nodes towards the sample with M = σ·∂w/∂σ, [N, K + 1].
  private func widthSlope(_ weighted: Matrix<Double>) -> Matrix<Double> {
    sample.progress.begin()
    let k = weighted.columns
    let input = Matrix<Double>(uninitialized: weighted.rows, k + 1)
    for j in 0..<weighted.rows {
      input.row(j).update(from: weighted.row(j), count: k)
      input[j, k] = 1
    }
    return towardsSample.product(.width, Panels<Double>(input), kernel: T.blockProduct)
  }

  /// Through the orthonormalisation and the extension, for several cotangents in one pass over the affinities.
  private func extensionCotangents(
    _ count: Int, _ weighted: Matrix<Double>, _ cotangent: (Int) -> EigenpairCotangent
  ) -> [ExtensionCotangent<T>] {
    let (n, k) = (degrees.count, weighted.columns)
    let together = Matrix<Double>(uninitialized: n, count * k)
    var parts: [(inner: Matrix<Double>, size: Double, values: [Double], terms: Matrix<T>)] = []
    for index in 0..<count {
      let given = cotangent(index)
      // Not of F̄, of which rounding is all that is left where the loss does not feel F.
      let size = norm(columnNorms(given.vectors)) * orthonormalization.inverseNorm
      let own = orthonormalization.pullback(given.vectors, of: extended)
      let terms = Matrix<T>(uninitialized: n, 1)
      Parallel.forEachChunk(of: n, size: tallChunk) { chunk in
        for i in chunk {
          let (f, side, degree) = (own.row(i), together.row(i) + index * k, degrees[i])
          let scale = degree > 0 ? 1 / degree.squareRoot() : 0
          for c in 0..<k { side[c] = scale * f[c] }
          // −½·⟨f̄, f⟩/d, doubled; in an order in which nothing overflows.
          terms.pointer[i] = T(-scale * Double.dot(side, extended.row(i), k))
        }
      }
      parts.append((Matrix.innerProducts(extended, own), size, given.values, terms))
    }
    sample.progress.begin()
    let towards = fromSample.product(.weight, Panels<T>(together), height: 64, kernel: T.panelProduct)
    return parts.enumerated().map { index, part in
      let columns = Array(index * k..<(index + 1) * k)
      return ExtensionCotangent(
        sides: together.selecting(columns: columns).converted(), terms: part.terms,
        sample: sampleCotangent(
          towards.selecting(columns: columns), weighted, inner: part.inner, size: part.size, values: part.values))
    }
  }

  /// - Parameters:
  ///   - towards: Q, [M, K].
  ///   - weighted: b, [M, K].
  ///   - inner: T = FᵀF̄.
  ///   - size: of what F̄ is computed from, in norm.
  ///   - values: λ̄.
  private func sampleCotangent(
    _ towards: Matrix<Double>, _ weighted: Matrix<Double>, inner: Matrix<Double>, size: Double, values: [Double]
  ) -> EigenpairCotangent {
    let k = inner.rows
    let lambda = Array(own.values.prefix(k))
    let leading = own.vectors.selecting(columns: Array(0..<k))
    let degrees = (0..<towards.rows).map { j in
      -0.5 * Double.dot(towards.row(j), weighted.row(j), k) / sample.degrees[j]
    }
    let vectors = towards.copy()
    for j in 0..<vectors.rows {
      for c in 0..<k { vectors[j, c] *= sample.scales.pointer[j] / lambda[c] }
    }
    let (span, turn) = (Matrix<Double>(k, k), Matrix<Double>(k, k))
    let negligible = 1e-10 * size * orthonormalization.norm
    for i in 0..<k {
      span[i, i] = -inner[i, i] / lambda[i]
      for j in 0..<i {
        let (symmetric, antisymmetric) = ((inner[i, j] + inner[j, i]) / 2, (inner[i, j] - inner[j, i]) / 2)
        span[i, j] = -0.5 * symmetric * (1 / lambda[i] + 1 / lambda[j])
        span[j, i] = span[i, j]
        // A function of the span leaves only rounding here.
        if abs(antisymmetric) <= negligible { continue }
        turn[i, j] = 0.5 * antisymmetric * (lambda[i] / lambda[j] + lambda[j] / lambda[i])
        turn[j, i] = -turn[i, j]
      }
    }
    // Of the share along U only the turn is left, and what is rounding beside F̄ is none outside either.
    Matrix.multiply(leading, Matrix.innerProducts(leading, vectors), alpha: -1, beta: 1, into: vectors)
    let rounding = (T.dtype == .float32 ? 3e-7 : 1e-13) * size * orthonormalization.norm
    scaleColumns(vectors, by: columnNorms(vectors).map { $0 > rounding ? 1 : 0 })
    Matrix.multiply(leading, turn, alpha: 1, beta: 1, into: vectors)
    return EigenpairCotangent(vectors: vectors, values: values, span: span, degrees: degrees)
  }

  /// Adds what comes through the affinities of all nodes towards the sample: to the nodes, and to those of the sample.
  private func write(
    _ sides: [ExtensionCotangent<T>], _ weighted: Matrix<Double>, _ rows: [[Int]], _ local: [[Int]], _ place: [Int?],
    into result: Matrix<Double>
  ) {
    sample.progress.begin()
    let vectors: Matrix<T> = weighted.converted()
    let noneOfSample = Matrix<T>(nodes.count, 1)
    let (towards, from) = (towardsSample, fromSample)
    forEachBlock(rows) { index, block in
      RectangleCotangent(
        rectangle: towards, left: sides[index].sides, right: vectors, rowTerms: sides[index].terms,
        columnTerms: noneOfSample, ownColumn: { place[$0] }
      ).add(block) { result.row($0) }
    }
    forEachBlock(local) { index, block in
      RectangleCotangent(
        rectangle: from, left: vectors, right: sides[index].sides, rowTerms: noneOfSample,
        columnTerms: sides[index].terms, ownColumn: { self.nodes[$0] }
      ).add(block) { result.row(self.nodes[$0]) }
    }
  }

  private func forEachBlock(_ rows: [[Int]], _ body: (Int, [Int]) -> Void) {
    var tasks: [(index: Int, nodes: [Int])] = []
    for (index, nodes) in rows.enumerated() {
      for first in stride(from: 0, to: nodes.count, by: 64) {
        tasks.append((index, Array(nodes[first..<min(nodes.count, first + 64)])))
      }
    }
    let all = tasks
    Parallel.forEach(all.count) { body(all[$0].index, all[$0].nodes) }
  }
}

/// One cotangent behind the extension.
struct ExtensionCotangent<T: SpectralScalar> {
  /// h̄, [N, K].
  let sides: Matrix<T>
  /// 2·d̄(x), [N, 1].
  let terms: Matrix<T>
  /// What goes on through the sample's eigenproblem.
  let sample: EigenpairCotangent

  /// σ·∂ℓ/∂σ through the affinities towards the sample.
  ///
  /// - Parameter slope: M·[b, 1], [N, K + 1].
  func width(_ slope: Matrix<Double>) -> Double {
    let (n, k) = (sides.rows, sides.columns)
    let partial = Matrix<Double>((n + tallChunk - 1) / tallChunk, 1)
    Parallel.forEachChunk(of: n, size: tallChunk) { chunk in
      var sum = 0.0
      for i in chunk {
        let (side, own) = (sides.row(i), slope.row(i))
        for c in 0..<k { sum += Double(side[c]) * own[c] }
        sum += 0.5 * Double(terms.pointer[i]) * own[k]
      }
      partial.pointer[chunk.lowerBound / tallChunk] = sum
    }
    return (0..<partial.rows).reduce(0) { $0 + partial.pointer[$1] }
  }
}

/// Numbers in the cotangents that go back together.
private let blockSize = 1 << 25
