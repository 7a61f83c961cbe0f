import Autograd
import TensorCore

extension ONNXFunctions {
  /// Elements fetched from, and put to, places that other inputs name. Differentiable in the elements.
  static let indexing: [String: Function] = [
    "Gather": { call in
      let (x, indices) = (try call.input(0), try call.indices(1))
      let axis = try call.axis(try call.int("axis"), of: x.shape)
      let shape = Shape(Array(x.shape[..<axis]) + indices.shape.extents + Array(x.shape[(axis + 1)...]))
      try call.checked(shape)
      _ = try indices.value.positions(in: x.shape[axis], operation: call.name)
      return [x.gathering(indices, along: axis)]
    },
    "GatherElements": { call in
      let (x, indices) = (try call.input(0), try call.indices(1))
      return [call.taking(try elementPlaces(call, x.shape, indices), of: x, shape: indices.shape)]
    },
    "GatherND": gatherND,
    "ScatterElements": scatterElements,
    // The name of versions 9 and 10.
    "Scatter": scatterElements,
    "ScatterND": { call in
      let (x, indices, updates) = (try call.input(0), try call.indices(1), try call.input(2))
      let (places, shape) = try sliceStarts(call, x.shape, indices, batch: 0)
      let inner = shape.elementCount
      guard updates.shape == Shape(Array(indices.shape.dropLast()) + shape.extents) else {
        throw misfit(call, x, indices, updates)
      }
      return [try scattered(call, x, at: places.flatMap { start in start..<start + inner }, updates)]
    },
    "OneHot": oneHot,
    "NonZero": { call in
      let x = try call.input(0)
      let values = x.doubles
      let found = values.indices.filter { values[$0] != 0 }
      let strides = x.shape.strides
      let places = x.shape.indices.flatMap { axis in found.map { Int64($0 / strides[axis] % x.shape[axis]) } }
      return [Tensor(NDArray(places, shape: [x.rank, found.count]))]
    },
    "Compress": compress,
    "TopK": topK,
    "ReverseSequence": reverseSequence,
  ]

  private static let scatterElements: Function = { call in
    let (x, indices, updates) = (try call.input(0), try call.indices(1), try call.input(2))
    guard indices.shape == updates.shape else { throw misfit(call, x, indices, updates) }
    return [try scattered(call, x, at: try elementPlaces(call, x.shape, indices), updates)]
  }

  /// The flat place in `shape` of each index, which counts along `axis` where its own place counts elsewhere.
  private static func elementPlaces(_ call: OperatorCall, _ shape: Shape, _ indices: Tensor) throws -> [Int] {
    let axis = try call.axis(try call.int("axis"), of: shape)
    let fits = indices.rank == shape.rank && shape.indices.allSatisfy { $0 == axis || indices.shape[$0] <= shape[$0] }
    guard fits else { throw TensorError.shape(call.name, "indices \(indices.shape) do not fit \(shape) along axis \(axis)") }
    return try call.places(of: indices, in: shape, along: axis)
  }

  /// Flat places of the slices that rows of `indices` [batch…, …, k] name by their first k coordinates behind the batch axes,
  /// and the slices' shape.
  private static func sliceStarts(
    _ call: OperatorCall, _ shape: Shape, _ indices: Tensor, batch: Int
  ) throws -> (places: [Int], shape: Shape) {
    let depth = indices.shape.last ?? 0
    guard indices.rank > batch, batch >= 0, depth >= 1, batch + depth <= shape.rank,
      Array(indices.shape.prefix(batch)) == Array(shape.prefix(batch))
    else { throw TensorError.shape(call.name, "indices \(indices.shape) do not name parts of \(shape)") }
    let strides = shape.strides
    let values = indices.value.scalars(as: Int64.self)
    let rows = indices.count / depth
    let perBatch = max(1, rows / max(1, shape.prefix(batch).reduce(1, *)))
    let block = shape.dropFirst(batch).reduce(1, *)
    let places = try (0..<rows).map { row in
      var place = row / perBatch * block
      for axis in 0..<depth {
        let (index, extent) = (Int(values[row * depth + axis]), shape[batch + axis])
        guard -extent..<extent ~= index else {
          throw TensorError.argument(call.name, "index \(index) is outside an axis of \(extent) elements")
        }
        place += strides[batch + axis] * (index < 0 ? index + extent : index)
      }
      return place
    }
    return (places, Shape(Array(shape.dropFirst(batch + depth))))
  }

  private static let gatherND: Function = { call in
    let (x, indices) = (try call.input(0), try call.indices(1))
    let (starts, shape) = try sliceStarts(call, x.shape, indices, batch: try call.int("batch_dims"))
    let result = try call.checked(Shape(Array(indices.shape.dropLast()) + shape.extents), elementBytes: 16)
    let inner = shape.elementCount
    return [call.taking(starts.flatMap { start in start..<start + inner }, of: x, shape: result)]
  }

  /// x with `updates` at flat places, combined with what is there already if the node asks for it. Of updates for one place the
  /// last one stays, or all are combined, one after the other.
  private static func scattered(_ call: OperatorCall, _ x: Tensor, at places: [Int], _ updates: Tensor) throws -> Tensor {
    guard x.dtype == updates.dtype else {
      throw TensorError.dtype(call.name, "expected updates of \(x.dtype), found \(updates.dtype)")
    }
    let reduction = try call.string("reduction", "none")
    var result = x.reshaped(to: [x.count])
    let news = updates.reshaped(to: [updates.count])
    var pending = Array(places.indices)
    while !pending.isEmpty {
      // One update for each place in a round; without a combination, the last one of all.
      var chosen: [Int: Int] = [:]
      var rest: [Int] = []
      for update in pending {
        if reduction == "none" || chosen[places[update]] == nil { chosen[places[update]] = update } else { rest.append(update) }
      }
      let ordered = chosen.sorted { $0.key < $1.key }
      var values = news.gathering(ordered.map(\.value), along: 0)
      if reduction != "none" {
        let old = result.gathering(ordered.map(\.key), along: 0)
        values = try call.numeric(old) { old in try combined(call, reduction, old, values.converted(to: old.dtype)) }
      }
      var sources = Array(0..<x.count)
      for (index, entry) in ordered.enumerated() { sources[entry.key] = x.count + index }
      result = concatenated([result, values], along: 0).gathering(sources, along: 0)
      pending = rest
    }
    return result.reshaped(to: x.shape)
  }

  private static func combined(_ call: OperatorCall, _ reduction: String, _ a: Tensor, _ b: Tensor) throws -> Tensor {
    switch reduction {
    case "add": return a + b
    case "mul": return a * b
    case "max": return maximum(a, b)
    case "min": return minimum(a, b)
    default: throw call.error("found the reduction '\(reduction)', expected none, add, mul, max or min")
    }
  }

  private static func misfit(_ call: OperatorCall, _ x: Tensor, _ indices: Tensor, _ updates: Tensor) -> TensorError {
    .shape(call.name, "updates \(updates.shape) at indices \(indices.shape) do not fit \(x.shape)")
  }

  private static let oneHot: Function = { call in
    let (indices, values) = (try call.input(0), try call.input(2))
    let depth = Int(Int64(asDouble: try call.optionalNumber(1) ?? 0))
    guard values.count == 2, depth >= 0 else {
      throw call.error("found depth \(depth) and values \(values.shape), expected [off, on]")
    }
    let axis = try call.int("axis", -1)
    let place = axis < 0 ? axis + indices.rank + 1 : axis
    guard 0...indices.rank ~= place else { throw TensorError.shape(call.name, "axis \(axis) is not a place in \(indices.shape)") }
    var extents = indices.shape.extents
    extents.insert(depth, at: place)
    let shape = try call.checked(Shape(extents), elementBytes: 16)
    let inner = indices.shape[place...].reduce(1, *)
    let hot = indices.doubles.map { Int(Int64(asDouble: $0)) }
    let places = (0..<shape.elementCount).map { flat -> Int in
      let (level, index) = (flat / inner % depth, hot[flat / (inner * depth) * inner + flat % inner])
      return level == (index < 0 ? index + depth : index) ? 1 : 0
    }
    return [call.taking(places, of: values, shape: shape)]
  }

  private static let compress: Function = { call in
    var x = try call.input(0)
    let condition = try call.input(1)
    let axis: Int
    if call.operation.attributes["axis"] == nil {
      (x, axis) = (x.reshaped(to: [x.count]), 0)
    } else {
      axis = try call.axis(try call.int("axis"), of: x.shape)
    }
    guard condition.rank == 1, condition.count <= x.shape[axis] else {
      throw TensorError.shape(call.name, "\(condition.shape) truth values do not fit axis \(axis) of \(x.shape)")
    }
    let flags = condition.doubles
    return [x.gathering(flags.indices.filter { flags[$0] != 0 }, along: axis)]
  }

  private static let topK: Function = { call in
    let x = try call.input(0)
    let axis = try call.axis(try call.int("axis", -1), of: x.shape)
    let count = call.version < 10 ? try call.int("k") : try call.ints(1).first ?? -1
    guard 0...x.shape[axis] ~= count else {
      throw call.error("found k = \(count), expected at most the \(x.shape[axis]) elements of axis \(axis)")
    }
    let values = x.dtype.isFloating ? x : x.converted(to: .float64)
    let indices = values.topK(count, along: axis, smallest: try !call.flag("largest", true)).indices
    return [call.taking(try call.places(of: indices, in: x.shape, along: axis), of: x, shape: indices.shape), indices]
  }

  private static let reverseSequence: Function = { call in
    let (x, lengths) = (try call.input(0), try call.ints(1))
    let (time, batch) = (try call.int("time_axis"), try call.int("batch_axis", 1))
    guard x.rank >= 2, [0, 1] == [min(time, batch), max(time, batch)], lengths.count == x.shape[batch],
      lengths.allSatisfy({ 0...x.shape[time] ~= $0 })
    else { throw call.error("found lengths \(lengths) for \(x.shape), expected one for each sample") }
    let strides = x.shape.strides
    let places = (0..<x.count).map { flat in
      let (step, length) = (flat / strides[time] % x.shape[time], lengths[flat / strides[batch] % x.shape[batch]])
      return step < length ? flat + (length - 1 - 2 * step) * strides[time] : flat
    }
    return [call.taking(places, of: x, shape: x.shape)]
  }
}

extension OperatorCall {
  /// An input of integers that name places.
  func indices(_ index: Int) throws(TensorError) -> Tensor {
    let value = try input(index)
    guard value.dtype == .int64 || value.dtype == .int32 else {
      throw .dtype(name, "expected int32 or int64 indices in input \(index), found \(value.dtype)")
    }
    return value
  }

  /// Flat places in `shape` of indices that count along `axis`, one for each place elsewhere.
  func places(of indices: Tensor, in shape: Shape, along axis: Int) throws(TensorError) -> [Int] {
    let (own, strides) = (indices.shape.strides, shape.strides)
    return try indices.value.positions(in: shape[axis], operation: name).enumerated().map { flat, position in
      shape.indices.reduce(0) { sum, at in
        sum + strides[at] * (at == axis ? position : flat / own[at] % indices.shape[at])
      }
    }
  }
}
