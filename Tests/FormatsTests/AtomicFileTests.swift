import Formats
import Foundation
import Testing

@Suite struct AtomicFileTests {
  @Test func aFailureLeavesWhatStoodThere() throws {
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/result.json"
      try AtomicFile.write("old", to: path)
      let failure = FormatError(.unwritable, path: path, found: "a test", expected: "a failure")
      let error = #expect(throws: FormatError.self) {
        try AtomicFile.replace(path) { (temporary) throws(FormatError) in
          try AtomicFile.write("half", to: temporary)
          throw failure
        }
      }
      #expect(error == failure)
      #expect(try Fixture.readText(path) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["result.json"])
      try AtomicFile.write("new", to: path)
      #expect(try Fixture.readText(path) == "new")
    }
  }

  @Test func aLinkIsFollowed() throws {
    try Fixture.withTemporaryFolder { folder in
      try AtomicFile.write("old", to: "\(folder)/file")
      #expect(symlink("file", "\(folder)/link") == 0)
      try AtomicFile.write("new", to: "\(folder)/link")
      #expect(try Fixture.readText("\(folder)/file") == "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/link") == "file")
    }
  }

  @Test func permissionsAreKept() throws {
    try Fixture.withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("old", to: path)
      chmod(path, 0o640)
      try AtomicFile.write("new", to: path)
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
    }
  }

  @Test func aDeviceIsNotReplaced() throws {
    try AtomicFile.write("text", to: "/dev/null")
    #expect(try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType == .typeCharacterSpecial)
  }

  @Test func anArchiveDoesNotReplaceAPipe() throws {
    try Fixture.withTemporaryFolder { folder in
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      let error = #expect(throws: FormatError.self) { try NPZ.write([("a", .zeros([2]))], to: "\(folder)/pipe") }
      #expect(error?.found == "a pipe or device")
    }
  }

  @Test func placesThatCannotBeWrittenAreNamed() throws {
    try Fixture.withTemporaryFolder { folder in
      let missing = #expect(throws: FormatError.self) { try AtomicFile.write("x", to: "\(folder)/none/file") }
      #expect(missing?.description == "\(folder)/none/file: found no such folder, expected a place to write to")
      let isFolder = #expect(throws: FormatError.self) { try AtomicFile.write("x", to: folder) }
      #expect(isFolder?.found == "a folder")
    }
  }
}
