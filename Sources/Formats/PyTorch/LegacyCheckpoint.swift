import TensorCore

/// The layout of `torch.save` before PyTorch 1.6: five pickles (a magic number, a version, facts about the machine, the object, the
/// keys of its storages), then each storage as its number of elements and these, little-endian.
enum LegacyCheckpoint {
  /// The first pickle: protocol 2, the number 0x1950A86A20F9469CFC6C, the end.
  static let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]

  /// Bytes at the start of a file among which the pickles must be.
  private static let maximalPickle = 64 << 20

  struct Contents {
    let heap: PickleHeap
    let root: Int
    let storages: CheckpointStorages
  }

  static func read(_ file: inout InputFile) throws(FormatError) -> Contents {
    let (path, byteCount) = (file.path, file.byteCount)
    let bytes = try file.read(min(byteCount, maximalPickle), of: "a checkpoint")
    do throws(PickleError) {
      var machine = PickleMachine(Array(bytes.dropFirst(magic.count)))
      let version = try machine.run()
      guard machine.heap.integer(version) == 1001 else {
        throw PickleError(.unsupported, found: "another version of PyTorch's old format", expected: "version 1001")
      }
      let system = try machine.run()
      if try isBigEndian(system, machine.heap) {
        throw PickleError(.unsupported, found: "an old checkpoint of a big-endian machine", expected: "little-endian")
      }
      let root = try machine.run()
      let keys = try machine.run()
      let start = magic.count + machine.reader.offset
      let places = try places(of: keys, machine.heap, start, &file)
      return Contents(heap: machine.heap, root: root, storages: .file(path, places: places))
    } catch {
      throw FormatError(error.kind, path: path, found: error.found, expected: error.expected)
    }
  }

  private static func isBigEndian(_ system: Int, _ heap: PickleHeap) throws(PickleError) -> Bool {
    guard case .dictionary(let index) = heap.nodes[system] else { return false }
    return heap.dictionaries[index].contains { pair in
      guard heap.string(pair.key) == "little_endian", case .boolean(let isLittle) = heap.nodes[pair.value] else { return false }
      return !isLittle
    }
  }

  /// Where each storage stands, from `start` on. Its size is known from the object, and stated once more before its elements.
  private static func places(
    of keys: Int, _ heap: PickleHeap, _ start: Int, _ file: inout InputFile
  ) throws(PickleError) -> [String: CheckpointStorages.Place] {
    var sizes: [String: Int] = [:]
    for storage in heap.storages {
      let (bytes, overflowed) = storage.count.multipliedReportingOverflow(by: storage.elementByteCount)
      sizes[storage.key] = overflowed ? .max : bytes
    }
    var places: [String: CheckpointStorages.Place] = [:]
    var offset = start
    for key in heap.sequence(keys) ?? [] {
      guard let key = heap.string(key), let size = sizes[key], size <= file.byteCount - offset - 8 else {
        throw PickleError(.malformed, found: "a storage that the file does not hold", expected: "a whole checkpoint")
      }
      places[key] = .init(offset: offset + 8, byteCount: size)
      offset += 8 + size
    }
    return places
  }
}
