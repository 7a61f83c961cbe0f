import Foundation

/// What is left to do once gnuplot has written a file.
enum FigureFile {
  static func finished(_ data: Data, format: FigureFormat) -> Data {
    switch format {
    case .png: data
    case .pdf: withoutDate(data)
    case .svg: withSharpPixels(data)
    }
  }

  /// The cairo library notes the time in every PDF (it knows no SOURCE_DATE_EPOCH). The digits are replaced in place, because
  /// the file's table of contents counts bytes.
  private static func withoutDate(_ data: Data) -> Data {
    var data = data
    let key = Data("/CreationDate (D:".utf8)
    guard let found = data.range(of: key, options: .backwards), found.upperBound + 14 <= data.endIndex else { return data }
    data.replaceSubrange(found.upperBound..<found.upperBound + 14, with: Data("20000101000000".utf8))
    return data
  }

  /// gnuplot asks for a family called "Arial:Bold", and lets browsers blur enlarged pixels. Text cannot contain the
  /// second pattern (`<` is escaped there).
  private static func withSharpPixels(_ data: Data) -> Data {
    var text = String(decoding: data, as: UTF8.self)
    let family = "\(GnuplotScript.font), Helvetica, sans-serif"
    text = text.replacingOccurrences(
      of: "font-family=\"\(GnuplotScript.font):Bold\" ", with: "font-family=\"\(family)\" font-weight=\"bold\" ")
    text = text.replacingOccurrences(of: "font-family=\"\(GnuplotScript.font)\" ", with: "font-family=\"\(family)\" ")
    text = text.replacingOccurrences(of: "<image x=", with: "<image style='image-rendering:pixelated' x=")
    return Data(text.utf8)
  }

  /// Why a file operation failed, in the system's words where it has any.
  static func reason(_ error: any Error) -> String {
    let error = error as NSError
    if let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError, cause.domain == NSPOSIXErrorDomain {
      return String(cString: strerror(Int32(cause.code)))
    }
    if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
    return error.localizedDescription
  }
}
