import Autograd
import Synchronization

/// The outcomes of a cut's passes over the affinity, in a file, from which an interrupted run goes on.
///
/// A cut is deterministic and spends nearly all of its time in passes over the N² affinities. A run that is given the
/// checkpoint of an earlier one with the same features and options reads what each pass gave instead of taking it, and so ends
/// with the same bytes, whatever the number of threads. Every outcome is kept with a digest of what the pass was given, and used
/// for that alone: another version of the program, or another machine, that comes to other numbers on the way takes the
/// remaining passes itself.
///
/// For one run at a time; several cuts of one run, one after the other, may share it.
public final class CutCheckpoint: Sendable {
  private let file: Mutex<CheckpointFile>
  /// Passes that the file held when it was opened.
  public let passesFound: Int

  /// Goes on from the file, if there is one, and appends to it.
  ///
  /// What was being written when a run was killed is cut off.
  /// - Parameter path: of the file; made if there is none.
  /// - Throws: ``SpectralError/checkpoint(_:)`` for a file that is something else, or damaged, or open in another run.
  public init(path: String) throws(SpectralError) {
    let opened = try CheckpointFile(path: path)
    passesFound = opened.passes
    file = Mutex(opened)
  }

  /// A file without a name, which goes with the program unless ``keep(as:)`` is called.
  ///
  /// - Parameter folder: on whose disk it lies.
  /// - Returns: `nil` if the folder cannot be written to.
  public init?(unnamedIn folder: String) {
    guard let opened = CheckpointFile(unnamedIn: folder) else { return nil }
    passesFound = 0
    file = Mutex(opened)
  }

  deinit { file.withLock { $0.finish() } }

  /// Passes that the file holds, as far as they belong to this run.
  public var passes: Int { file.withLock { $0.passes } }

  /// The file's name; `nil` as long as it has none.
  public var path: String? { file.withLock { $0.path } }

  /// Why nothing is kept any more, such as a full disk; `nil` as long as it is. The run goes on without.
  public var failure: String? { file.withLock { $0.failure } }

  /// The regime of the first cut that the file holds passes of, if any: a run that goes on has to take the same one.
  public var regime: AffinityRegime? {
    file.withLock { file in
      for record in file.found {
        if let name = record.text.flatMap({ RunIdentity(text: $0) })?["regime"] { return AffinityRegime(rawValue: name) }
      }
      return nil
    }
  }

  /// Gives a file without a name one.
  ///
  /// - Parameter name: path of a file that does not exist yet.
  /// - Returns: whether it has a name now.
  public func keep(as name: String) -> Bool { file.withLock { $0.keep(as: name) } }

  /// Removes the file: the run is finished.
  public func remove() { file.withLock { $0.discard() } }

  /// Says what comes next is of. What the file holds of something else is refused.
  func begin(_ identity: RunIdentity) throws(SpectralError) {
    let text = Array(identity.text.utf8)
    try file.withLock { file throws(SpectralError) in
      let name = file.path ?? "the checkpoint"
      if let next = file.next {
        guard let found = next.text.flatMap({ RunIdentity(text: $0) }) else {
          throw .checkpoint("\(name): found the checkpoint of another run, expected this one's; give another file, or remove it")
        }
        if let difference = identity.difference(from: found) {
          throw .checkpoint(
            "\(name): found the checkpoint of a run with \(difference.found), expected \(difference.expected) as here; give "
              + "another file, or remove it")
        }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: next.record.byteCount, alignment: 16)
        defer { memory.deallocate() }
        if file.take(into: memory) { return }
      }
      text.withUnsafeBytes {
        file.append(.identity, rows: 1, columns: text.count, elementSize: 1, input: PassDigest(), $0)
      }
    }
  }

  /// What a pass gives: read if the file has it, and otherwise computed and kept.
  ///
  /// - Parameters:
  ///   - input: of everything that the outcome depends on beside the identity.
  ///   - shape: of the outcome; `nil` if only the outcome tells.
  func outcome<T: RealScalar, E: Error>(
    _ kind: PassKind, _ input: PassDigest, shape: (rows: Int, columns: Int)? = nil, _ compute: () throws(E) -> Matrix<T>
  ) throws(E) -> Matrix<T> {
    if let known: Matrix<T> = take(kind, input, shape) { return known }
    let result = try compute()
    withExtendedLifetime(result) {
      let bytes = UnsafeRawBufferPointer(start: result.pointer, count: result.count * MemoryLayout<T>.stride)
      file.withLock {
        $0.append(
          kind, rows: result.rows, columns: result.columns, elementSize: MemoryLayout<T>.stride, input: input, bytes)
      }
    }
    return result
  }

  private func take<T: RealScalar>(
    _ kind: PassKind, _ input: PassDigest, _ shape: (rows: Int, columns: Int)?
  ) -> Matrix<T>? {
    file.withLock { file in
      guard let record = file.next?.record else { return nil }
      let fits = shape.map { $0.rows == record.rows && $0.columns == record.columns } ?? true
      guard record.kind == kind, record.input == input, record.elementSize == MemoryLayout<T>.stride, fits else {
        file.forgetRest()
        return nil
      }
      let result = Matrix<T>(uninitialized: record.rows, record.columns)
      let target = UnsafeMutableRawBufferPointer(start: result.pointer, count: record.byteCount)
      return file.take(into: target) ? result : nil
    }
  }
}

extension CutCheckpoint? {
  /// What a pass gives, with a checkpoint or without.
  ///
  /// - Parameter input: what the outcome depends on beside the identity of the run, added to the digest that it is given.
  func outcome<T: RealScalar, E: Error>(
    _ kind: PassKind, shape: (rows: Int, columns: Int)? = nil, input: (inout PassDigest) -> Void,
    _ compute: () throws(E) -> Matrix<T>
  ) throws(E) -> Matrix<T> {
    guard let self else { return try compute() }
    var digest = PassDigest()
    input(&digest)
    return try self.outcome(kind, digest, shape: shape, compute)
  }
}
