import Clew
import Foundation

/// Partial results in an output folder: pieces, each written whole or not at all, and gone when the study is done.
struct Resumption {
  private let folder: OutputFolder
  private let isResumed: Bool
  private let fingerprint: NDArray
  private static let names = ["partial-first", "partial-second"]

  init(_ folder: OutputFolder, isResumed: Bool, fingerprint: String) throws {
    (self.folder, self.isResumed) = (folder, isResumed)
    let digest = Provenance.sha256(Data(fingerprint.utf8))
    self.fingerprint = NDArray(Array(digest.utf8), shape: [digest.utf8.count])
    if !isResumed { remove() }
  }

  /// The pieces of the model `index`, with what they hold if a run is resumed.
  func pieces(of index: Int) throws -> Pieces {
    var found: [AblationProgress] = []
    while case let path = path(index, found.count), isResumed && FileKind.exists(path) {
      let arrays = try NamedArrays.load(path)
      guard try arrays.array(named: "fingerprint") == fingerprint else {
        throw CommandError.unusable(
          "\(path): found partial results of another study, expected those of this one; remove them, or leave out --resume")
      }
      // A piece that was left over while a run before removed them does not follow those of a later one.
      guard try arrays.array(named: "first").doubles == [Double(found.reduce(0) { $0 + $1.count })] else { break }
      found.append(
        AblationProgress(
          features: try arrays.array(named: "features"), distances: try arrays.array(named: "distances"),
          moments: try arrays.array(named: "moments")))
    }
    return Pieces(found: found, fingerprint: fingerprint) { path(index, $0) }
  }

  func remove() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where Self.names.contains(where: { name.hasPrefix($0 + "-") && name.hasSuffix(".npz") }) {
      try? FileManager.default.removeItem(atPath: folder.file(name))
    }
  }

  private func path(_ model: Int, _ piece: Int) -> String { folder.file("\(Self.names[model])-\(piece).npz") }

  final class Pieces {
    let found: [AblationProgress]
    private let fingerprint: NDArray
    private let path: (Int) -> String
    private var saved: Int
    private var count: Int
    private var last = ContinuousClock.now
    private var pause = Duration.milliseconds(200)
    /// So that saving stays a small part of the work.
    private static let share = 20

    init(found: [AblationProgress], fingerprint: NDArray, path: @escaping (Int) -> String) {
      (self.found, self.fingerprint, self.path) = (found, fingerprint, path)
      (saved, count) = (found.reduce(0) { $0 + $1.count }, found.count)
    }

    /// Writes what was found since the last piece, if that is some time ago.
    func save(_ done: Int, _ total: Int, _ progress: (Int) -> AblationProgress) throws(FormatError) {
      let start = ContinuousClock.now
      if start - last < pause && done < total { return }
      let piece = progress(saved)
      try NPZ.write(
        [
          (name: "fingerprint", array: fingerprint), (name: "first", array: NDArray([Int64(saved)], shape: [1])),
          (name: "features", array: piece.features), (name: "distances", array: piece.distances),
          (name: "moments", array: piece.moments),
        ], to: path(count))
      (saved, count) = (done, count + 1)
      last = .now
      pause = max(.milliseconds(200), (last - start) * Self.share)
    }
  }
}
