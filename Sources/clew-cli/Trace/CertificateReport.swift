import Clew

/// `certificate` in the JSON document of `clew trace`.
struct CertificateReport: Encodable {
  struct Channel: Encodable {
    let index: Int
    @Nullable var distinctiveness: Double?
    @Nullable var meanSigned: Double?
    @Nullable var meanAbsolute: Double?
    @Nullable var rootMeanSquare: Double?
    @Nullable var gradientTimesInput: Double?
    @Nullable var gradientTimesContrast: Double?
  }

  struct Segment: Encodable {
    let id: Int
    @Nullable var channels: [Channel]?
  }

  let affinityError: Double
  @Nullable var gap: Double?
  @Nullable var subspaceAngle: Double?
  /// Why there is no bound of the eigenvectors, or of the scores.
  @Nullable var reason: String?
  let segments: [Segment]

  init(_ certificate: Certificate) {
    affinityError = certificate.spectral.affinityError
    gap = certificate.spectral.gap
    subspaceAngle = certificate.spectral.subspaceAngle
    reason = certificate.spectral.reason ?? certificate.reason
    segments = certificate.segments.map { segment in
      Segment(
        id: segment.id,
        channels: segment.channels?.map { errors in
          Channel(
            index: errors.index, distinctiveness: errors[.distinctiveness], meanSigned: errors[.meanSigned],
            meanAbsolute: errors[.meanAbsolute], rootMeanSquare: errors[.rootMeanSquare],
            gradientTimesInput: errors[.gradientTimesInput], gradientTimesContrast: errors[.gradientTimesContrast])
        })
    }
  }
}
