import Glibc

/// The file behind a ``CutCheckpoint``: a head of two words and records, appended whole.
struct CheckpointFile: Sendable {
  /// A record that was in the file when it was opened.
  struct Found: Sendable {
    let record: PassRecord
    /// Where it begins.
    let offset: Int
    /// Of an identity.
    let text: String?
  }

  private var descriptor: Int32
  /// Its name; `nil` if it has none yet.
  private(set) var path: String?
  /// The name that stands for none, where a file system has no files without names.
  private var provisional: String?
  private(set) var found: [Found] = []
  /// Records of ``found`` that have been used.
  private(set) var used = 0
  /// Where the next record goes.
  private var end: Int
  private var count: UInt64 = 0
  /// Passes that the file holds, as far as they belong to this run.
  private(set) var passes = 0
  /// Why nothing is written any more, if it is not.
  private(set) var failure: String?

  private static let magic: UInt64 = 0x6863_7765_6c63_0a0d  // "\r\nclewch"
  private static let version: UInt64 = 1
  private static let headSize = 16

  // MARK: Opening

  /// Opens the file if there is one, and makes it otherwise.
  init(path: String) throws(SpectralError) {
    var descriptor = open(path, O_RDWR | O_CLOEXEC)
    if descriptor < 0 {
      if errno != ENOENT { throw .checkpoint("\(path): found a file that cannot be used (\(reason())), expected a checkpoint") }
      descriptor = try Self.create(path)
    }
    self.descriptor = descriptor
    (self.path, end) = (path, Self.headSize)
    do throws(SpectralError) {
      try lock(path)
      try scan(path)
    } catch {
      close(descriptor)
      throw error
    }
  }

  /// A file without a name in the folder, which goes with the program; `nil` where none can be made.
  ///
  /// - Parameter isNamed: whether it has a provisional name, as where the file system has no files without names.
  init?(unnamedIn folder: String, isNamed: Bool = false) {
    // O_TMPFILE, which is a compound macro.
    var descriptor = isNamed ? -1 : open(folder, 0o20000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0o644)
    if descriptor < 0 {
      let name = folder + "/.clew-trace-\(getpid()).partial"
      descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
      provisional = name
    }
    if descriptor < 0 { return nil }
    self.descriptor = descriptor
    end = Self.headSize
    if !Self.writeHead(descriptor) {
      discard()
      return nil
    }
  }

  /// Under its final name only with its head.
  private static func create(_ path: String) throws(SpectralError) -> Int32 {
    let name = "\(path).\(getpid()).partial"
    let descriptor = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0, writeHead(descriptor), rename(name, path) == 0 else {
      let text = reason()
      if descriptor >= 0 {
        close(descriptor)
        unlink(name)
      }
      throw .checkpoint("\(path): found no place for a checkpoint (\(text)), expected a file that can be written")
    }
    return descriptor
  }

  private static func writeHead(_ descriptor: Int32) -> Bool {
    let words = [magic.littleEndian, version.littleEndian]
    return words.withUnsafeBytes { writeAll(descriptor, $0, at: 0) }
  }

  /// Not inherited by children, and gone with the program.
  private func lock(_ path: String) throws(SpectralError) {
    var region = flock()
    region.l_type = Int16(F_WRLCK)
    region.l_whence = Int16(SEEK_SET)
    let status = withUnsafeMutablePointer(to: &region) { fcntl(descriptor, F_SETLK, UnsafeMutableRawPointer($0)) }
    if status != 0 && (errno == EACCES || errno == EAGAIN) {
      throw .checkpoint("\(path): found a run that is writing to it, expected a file that no other run has open")
    }
  }

  /// Reads all records and checks them; what was being written when the run ended is cut off.
  private mutating func scan(_ path: String) throws(SpectralError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw .checkpoint("\(path): found no regular file, expected a checkpoint")
    }
    let size = Int(status.st_size)
    if size == 0 {
      if !Self.writeHead(descriptor) {
        throw .checkpoint("\(path): found no place for a checkpoint (\(reason())), expected a file that can be written")
      }
      return
    }
    let head = readWords(2, at: 0)
    guard head.first == Self.magic else { throw .checkpoint("\(path): found no checkpoint of a cut, expected one, or no file") }
    guard head.count == 2, head[1] == Self.version else {
      throw .checkpoint(
        "\(path): found version \(head.last ?? 0) of the checkpoint's format, expected \(Self.version); remove it to begin anew")
    }
    while end + PassRecord.headSize <= size {
      guard let record = PassRecord(words: readWords(PassRecord.wordCount, at: end)), record.number == count else {
        throw .checkpoint("\(path): found a damaged record at byte \(end), expected one that is whole; remove it to begin anew")
      }
      let last = end + PassRecord.headSize + record.byteCount
      if last > size { break }
      let (isSound, text) = check(record, at: end + PassRecord.headSize)
      if !isSound {
        // The last one may have been on its way.
        if last == size { break }
        throw .checkpoint("\(path): found a damaged record at byte \(end), expected one that is whole; remove it to begin anew")
      }
      found.append(Found(record: record, offset: end, text: text))
      if record.kind != .identity { passes += 1 }
      (end, count) = (last, count + 1)
    }
    ftruncate(descriptor, end)
  }

  private func check(_ record: PassRecord, at offset: Int) -> (isSound: Bool, text: String?) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: record.byteCount, alignment: 16)
    defer { memory.deallocate() }
    guard readAll(memory, at: offset), PassRecord.checksum(of: UnsafeRawBufferPointer(memory)) == record.checksum else {
      return (false, nil)
    }
    return (true, record.kind == .identity ? String(decoding: memory, as: UTF8.self) : nil)
  }

  // MARK: Reading and writing

  /// The next record of those that were found.
  var next: Found? { used < found.count ? found[used] : nil }

  /// Takes the payload of the next record; `false` if it cannot be read, after which there is none.
  mutating func take(into target: UnsafeMutableRawBufferPointer) -> Bool {
    guard let next, target.count == next.record.byteCount else { return false }
    guard readAll(target, at: next.offset + PassRecord.headSize),
      PassRecord.checksum(of: UnsafeRawBufferPointer(target)) == next.record.checksum
    else {
      forgetRest()
      return false
    }
    used += 1
    return true
  }

  /// Forgets what was found and not used: from here on the run takes other passes.
  mutating func forgetRest() {
    guard let next else { return }
    passes -= found[used...].count { $0.record.kind != .identity }
    (end, count) = (next.offset, UInt64(used))
    found.removeSubrange(used...)
    ftruncate(descriptor, end)
  }

  mutating func append(
    _ kind: PassKind, rows: Int, columns: Int, elementSize: Int, input: PassDigest, _ payload: UnsafeRawBufferPointer
  ) {
    if descriptor < 0 || failure != nil { return }
    let record = PassRecord(
      kind, number: count, rows: rows, columns: columns, elementSize: elementSize, input: input,
      checksum: PassRecord.checksum(of: payload))
    // A part of it counts for nothing; so the head may come first.
    guard record.words.map(\.littleEndian).withUnsafeBytes({ Self.writeAll(descriptor, $0, at: end) }),
      Self.writeAll(descriptor, payload, at: end + PassRecord.headSize)
    else {
      failure = reason()
      ftruncate(descriptor, end)
      return
    }
    (end, count) = (end + PassRecord.headSize + payload.count, count + 1)
    if kind != .identity { passes += 1 }
  }

  // MARK: Its end

  /// Gives a file without a name one that is not taken yet; `false` if that fails.
  mutating func keep(as name: String) -> Bool {
    if path != nil || descriptor < 0 { return path != nil }
    // A record that was being written.
    ftruncate(descriptor, end)
    let isKept: Bool
    if let provisional {
      // Such file systems may not have links either.
      isKept = access(name, F_OK) != 0 && rename(provisional, name) == 0
    } else {
      isKept = linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0
    }
    if isKept { (path, provisional) = (name, nil) }
    return isKept
  }

  /// Removes the file.
  mutating func discard() {
    if descriptor < 0 { return }
    if let name = path ?? provisional { unlink(name) }
    finish()
  }

  /// Closes it and leaves what has a name.
  mutating func finish() {
    if descriptor < 0 { return }
    if let provisional { unlink(provisional) }
    close(descriptor)
    descriptor = -1
    found = []
  }

  private func readWords(_ count: Int, at offset: Int) -> [UInt64] {
    var words = [UInt64](repeating: 0, count: count)
    let isRead = words.withUnsafeMutableBytes { readAll($0, at: offset) }
    return isRead ? words.map(UInt64.init(littleEndian:)) : []
  }

  private func readAll(_ target: UnsafeMutableRawBufferPointer, at offset: Int) -> Bool {
    var done = 0
    while done < target.count {
      let count = pread(descriptor, target.baseAddress.map { $0 + done }, target.count - done, offset + done)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  private static func writeAll(_ descriptor: Int32, _ source: UnsafeRawBufferPointer, at offset: Int) -> Bool {
    var done = 0
    while done < source.count {
      let count = pwrite(descriptor, source.baseAddress.map { $0 + done }, source.count - done, offset + done)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }
}

private func reason() -> String { String(cString: strerror(errno)) }
