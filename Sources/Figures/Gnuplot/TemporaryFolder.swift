import Foundation

/// A new folder that only its owner may read.
struct TemporaryFolder {
  let url: URL

  init() throws(FigureError) {
    let pattern = FileManager.default.temporaryDirectory.appendingPathComponent("clew-figure-XXXXXX").path
    var name = Array(pattern.utf8CString)
    // mkdtemp creates it with mode 0700 under a name that nobody else has.
    let made = name.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.map { mkdtemp($0) != nil } ?? false }
    guard made else { throw .unwritable(path: pattern, reason: String(cString: strerror(errno))) }
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    url = URL(fileURLWithPath: path, isDirectory: true)
  }

  func write(_ data: Data, as name: String) throws(FigureError) {
    let file = url.appendingPathComponent(name)
    do { try data.write(to: file) } catch { throw .unwritable(path: file.path, reason: FigureFile.reason(error)) }
  }

  func read(_ name: String) -> Data? { try? Data(contentsOf: url.appendingPathComponent(name)) }

  func remove() { try? FileManager.default.removeItem(at: url) }
}
