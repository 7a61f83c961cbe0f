import Clew

/// What a network is run on: a numeric array whose first axis is the batch, or pictures, of which a few are in memory at a time.
struct NetworkBatches {
  /// Samples.
  let count: Int
  let files: [String]
  fileprivate let source: Source

  fileprivate enum Source {
    case array(NDArray)
    case pictures([String], PicturePreprocessing)
  }

  /// - Parameters:
  ///   - paths: one array file, or any number of pictures.
  ///   - dtype: in which the network computes.
  init(_ paths: [String], dtype: DType, preprocessing: () throws -> PicturePreprocessing) throws {
    guard let first = paths.first else { throw CommandError.unusable("--input: found nothing, expected an array or pictures") }
    let input = InputPath(parsing: first)
    let arrays = try NamedArrays.load(input.path)
    if arrays.isPicture && input.key == nil {
      count = paths.count
      source = .pictures(paths, try preprocessing())
    } else {
      guard paths.count == 1 else {
        throw CommandError.unusable("--input: found \(paths.count) files, expected one array file or pictures alone")
      }
      let array = try input.key.map { try arrays.array(named: $0) } ?? Self.sole(arrays)
      guard array.rank > 0, array.count > 0 else {
        throw CommandError.unusable("\(input): found an array of shape \(array.shape), expected a batch [samples, …]")
      }
      count = array.shape[0]
      source = .array(array.dtype == dtype ? array : array.converted(to: dtype))
    }
    files = source.paths ?? [input.path]
    self.dtype = dtype
  }

  private let dtype: DType

  /// The only array, or of several the one called `input` or `inputs`.
  private static func sole(_ arrays: NamedArrays) throws -> NDArray {
    for name in ["input", "inputs", "x"] where arrays.names.count > 1 && arrays.names.contains(name) {
      return try arrays.array(named: name)
    }
    return try arrays.sole
  }

  /// The pixels of a sample, if it is a picture.
  func picture(_ index: Int) throws -> NDArray? { try source.paths.map { try NamedArrays.load($0[index]).sole } }

  /// Samples `range`, as the network reads them.
  func batch(_ range: Range<Int>) throws -> Tensor {
    switch source {
    case .array(let array): return Tensor(array).sliced(0, from: range.lowerBound, to: range.upperBound)
    case .pictures(let paths, let preprocessing):
      var tensors: [Tensor] = []
      for path in paths[range] {
        let arrays = try NamedArrays.load(path)
        guard arrays.isPicture else { throw CommandError.unusable("\(path): found an array file, expected a picture") }
        let tensor = try preprocessing(try arrays.sole).converted(to: dtype)
        if let first = tensors.first, first.shape != tensor.shape {
          throw CommandError.unusable(
            "\(path): found \(tensor.shape[2])×\(tensor.shape[3]) pixels after scaling, expected "
              + "\(first.shape[2])×\(first.shape[3]) as of \(paths[range.lowerBound]); give --image-size H,W")
        }
        tensors.append(tensor)
      }
      return tensors.count == 1 ? tensors[0] : concatenated(tensors, along: 0)
    }
  }
}

extension NetworkBatches.Source {
  fileprivate var paths: [String]? {
    if case .pictures(let paths, _) = self { return paths }
    return nil
  }
}
