import COpenSSL
import Clew
import Foundation

/// Where a result comes from. The only part of a document that may differ between two runs on the same inputs.
struct Provenance: Encodable {
  struct Input: Encodable {
    let path: String
    let bytes: Int
    /// Of files up to 64 MB.
    let sha256: String?
    /// Of larger ones, ISO 8601.
    let modified: String?
  }

  let version: String
  let command: [String]
  let seed: UInt64
  let threads: Int
  let precision: String
  let inputs: [Input]

  init(_ options: CommonOptions, inputs: [String]) throws {
    version = ClewCommand.version
    command = CommandLine.arguments
    seed = options.seed
    threads = Parallel.threadCount
    precision = options.precision.rawValue
    self.inputs = try inputs.map(Self.describe)
  }

  private static let hashLimit = 64 << 20

  private static func describe(_ path: String) throws -> Input {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let bytes = (attributes?[.size] as? Int) ?? 0
    if bytes > hashLimit {
      let date = attributes?[.modificationDate] as? Date
      return Input(path: path, bytes: bytes, sha256: nil, modified: date?.formatted(.iso8601))
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError.unusable("\(path): the file disappeared while it was being read")
    }
    return Input(path: path, bytes: bytes, sha256: sha256(data), modified: nil)
  }

  static func sha256(_ data: Data) -> String {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    data.withUnsafeBytes { bytes in
      _ = EVP_Digest(bytes.baseAddress, bytes.count, &digest, &length, EVP_sha256(), nil)
    }
    return digest.prefix(Int(length)).map { String(format: "%02x", $0) }.joined()
  }
}
