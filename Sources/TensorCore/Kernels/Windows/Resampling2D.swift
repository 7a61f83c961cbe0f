/// A sparse matrix along one axis, row by row: how each output element is made of input elements.
package struct AxisTaps: Sendable, Hashable {
  /// Extent of the input.
  package let inputs: Int
  /// Where each output's taps begin in `sources` and `weights`; one more than there are outputs.
  package let starts: [Int]
  package let sources: [Int]
  package let weights: [Double]

  package var outputs: Int { starts.count - 1 }

  /// Taps of each output, as pairs of an input and a weight; those without weight are dropped.
  package init(inputs: Int, outputs: Int, taps: (Int) -> [(source: Int, weight: Double)]) {
    var (starts, sources, weights) = ([0], [Int](), [Double]())
    for output in 0..<outputs {
      for (source, weight) in taps(output) where weight != 0 {
        sources.append(source)
        weights.append(weight)
      }
      starts.append(sources.count)
    }
    (self.inputs, self.starts, self.sources, self.weights) = (inputs, starts, sources, weights)
  }

  /// The adjoint: each input's share in the outputs.
  package var transposed: AxisTaps {
    var columns = [[(source: Int, weight: Double)]](repeating: [], count: inputs)
    for output in 0..<outputs {
      for tap in starts[output]..<starts[output + 1] { columns[sources[tap]].append((output, weights[tap])) }
    }
    return AxisTaps(inputs: outputs, outputs: inputs) { columns[$0] }
  }
}

extension NDArray {
  /// Each plane of [N, C, H, W] resampled along both axes: rows·plane·columnsᵀ.
  package func resampled2D(rows: AxisTaps, columns: AxisTaps) -> NDArray {
    let result: Shape = [shape[0], shape[1], rows.outputs, columns.outputs]
    func run<T: RealScalar>(_: T.Type) -> NDArray {
      let (weights, columnWeights) = (rows.weights.map { T($0) }, columns.weights.map { T($0) })
      return NDArray.building(result, as: T.self) { output in
        withUnsafeBufferPointer(as: T.self) { input in
          guard let x = input.baseAddress, let y = output.baseAddress else { return }
          let work = rows.sources.count * columns.inputs + rows.outputs * columns.sources.count
          Parallel.forEachRange(of: shape[0] * shape[1], work: work) { planes in
            withScratch(T.self, columns.inputs) { line in
              for plane in planes {
                let source = x + plane * rows.inputs * columns.inputs
                for row in 0..<rows.outputs {
                  line.initialize(repeating: 0, count: columns.inputs)
                  for tap in rows.starts[row]..<rows.starts[row + 1] {
                    T.axpy(weights[tap], source + rows.sources[tap] * columns.inputs, line, columns.inputs)
                  }
                  combine(line, columns, columnWeights, y + (plane * rows.outputs + row) * columns.outputs)
                }
              }
            }
          }
        }
      }
    }
    return dtype == .float32 ? run(Float.self) : run(Double.self)
  }
}

private func combine<T: RealScalar>(
  _ line: UnsafeMutablePointer<T>, _ taps: AxisTaps, _ weights: [T], _ y: UnsafeMutablePointer<T>
) {
  taps.starts.withUnsafeBufferPointer { starts in
    taps.sources.withUnsafeBufferPointer { sources in
      weights.withUnsafeBufferPointer { weights in
        for output in 0..<starts.count - 1 {
          var sum: T = 0
          for tap in starts[output]..<starts[output + 1] { sum += weights[tap] * line[sources[tap]] }
          y[output] = sum
        }
      }
    }
  }
}
