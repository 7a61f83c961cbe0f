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

  /// Of eigenvectors alone.
  init(_ spectral: SpectralCertificate, reason: String?, segments: [Segment] = []) {
    (affinityError, gap, subspaceAngle) = (spectral.affinityError, spectral.gap, spectral.subspaceAngle)
    (self.reason, self.segments) = (spectral.reason ?? reason, segments)
  }

  init(_ certificate: Certificate) {
    let segments = certificate.segments.map { segment in
      Segment(
        id: segment.id,
        channels: segment.channels?.map { errors in
          Channel(
            index: errors.index, distinctiveness: errors[.distinctiveness], meanSigned: errors[.meanSigned],
            meanAbsolute: errors[.meanAbsolute], rootMeanSquare: errors[.rootMeanSquare],
            gradientTimesInput: errors[.gradientTimesInput], gradientTimesContrast: errors[.gradientTimesContrast])
        })
    }
    self.init(certificate.spectral, reason: certificate.reason, segments: segments)
  }
}
