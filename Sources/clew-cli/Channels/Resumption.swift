import Clew
import Foundation

/// Partial results in an output folder: each written whole or not at all, and gone when the study is done.
struct Resumption {
  private let folder: OutputFolder
  private let isResumed: Bool
  private let fingerprint: NDArray
  private static let names = ["partial-first.npz", "partial-second.npz"]

  init(_ folder: OutputFolder, isResumed: Bool, fingerprint: String) {
    (self.folder, self.isResumed) = (folder, isResumed)
    let digest = Provenance.sha256(Data(fingerprint.utf8))
    self.fingerprint = NDArray(Array(digest.utf8), shape: [digest.utf8.count])
  }

  /// The file of the model `index`, with what it holds if a run is resumed.
  func file(_ index: Int) throws -> File {
    let path = folder.file(Self.names[index])
    var progress: AblationProgress?
    if isResumed && FileKind.exists(path) {
      let arrays = try NamedArrays.load(path)
      guard try arrays.array(named: "fingerprint") == fingerprint else {
        throw CommandError.unusable(
          "\(path): found partial results of another study, expected those of this one; remove them, or leave out --resume")
      }
      progress = AblationProgress(
        embeddings: try arrays.array(named: "embeddings"), distances: try arrays.array(named: "distances"))
    }
    return File(path: path, fingerprint: fingerprint, progress: progress)
  }

  func remove() throws {
    for name in Self.names where FileKind.exists(folder.file(name)) {
      try? FileManager.default.removeItem(atPath: folder.file(name))
    }
  }

  final class File {
    let progress: AblationProgress?
    private let path: String
    private let fingerprint: NDArray
    private var last = ContinuousClock.now
    private var pause = Duration.milliseconds(200)
    /// So that saving, which grows with what is done, stays a small part of the work.
    private static let share = 20

    init(path: String, fingerprint: NDArray, progress: AblationProgress?) {
      (self.path, self.fingerprint, self.progress) = (path, fingerprint, progress)
    }

    func save(_ done: Int, _ count: Int, _ state: () -> AblationProgress) throws(FormatError) {
      let start = ContinuousClock.now
      if start - last < pause && done < count { return }
      let progress = state()
      try NPZ.write(
        [
          (name: "fingerprint", array: fingerprint), (name: "embeddings", array: progress.embeddings),
          (name: "distances", array: progress.distances),
        ], to: path)
      last = .now
      pause = max(.milliseconds(200), (last - start) * Self.share)
    }
  }
}
