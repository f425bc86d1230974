package import Security

extension Scratch {
    /// An authority with every role's certificate.
    package func certificates(_ name: String = "certificates") throws -> CertificateDirectory {
        let directory = CertificateDirectory(self(name))
        try directory.create(days: 30)
        return directory
    }
}
