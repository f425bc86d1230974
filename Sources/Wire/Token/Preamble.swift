import COpenSSL

/// What is said on a plain connection before any frame: docs/wire-protocol.md has the byte table. Both sides prove that
/// they know the run's token over nonces that the other has just drawn, so that what was recorded is of no use later.
package enum Preamble {
    package static let magic = Array("COLP".utf8)
    package static let version: UInt8 = 1
    package static let nonceCount = 32
    /// Magic, version, what is known, two zeros.
    package static let headCount = 8
    /// The connecting side's first word: head and nonce.
    package static let requestCount = headCount + nonceCount
    /// The answer: head, nonce, proof.
    package static let answerCount = headCount + nonceCount + RunToken.byteCount
    package static let proofCount = RunToken.byteCount

    /// The sixth byte: what a side has, or why it goes no further.
    package enum Word: UInt8 {
        case noToken = 0
        case token = 1
        /// The listener has a token, the connecting side none.
        case tokenWanted = 2
        /// The other way round.
        case tokenUnknown = 3
        /// Another version, or TLS where there is none.
        case unknown = 4
        /// After a TLS handshake: the certificate is accepted.
        case accepted = 5
        /// The listener speaks TLS.
        case certificateWanted = 6
    }

    package static func head(_ word: Word) -> [UInt8] { magic + [version, word.rawValue, 0, 0] }

    package static func nonce() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: nonceCount)
        guard RAND_bytes(&bytes, Int32(nonceCount)) == 1 else { throw WireError(.system, "the system gives no random bytes") }
        return bytes
    }

    package static func listenerProof(_ token: RunToken, connector: [UInt8], listener: [UInt8]) -> [UInt8] {
        token.proof("colonnade listener", connector, listener)
    }

    package static func connectorProof(_ token: RunToken, connector: [UInt8], listener: [UInt8]) -> [UInt8] {
        token.proof("colonnade connector", listener, connector)
    }

    /// An answer that says no more than a word.
    static func answer(_ word: Word) -> [UInt8] {
        head(word) + [UInt8](repeating: 0, count: answerCount - headCount)
    }

    /// Whether bytes begin as a TLS record does: a handshake or an alert.
    package static func isTLS(_ bytes: [UInt8]) -> Bool { bytes.count >= 2 && (bytes[0] == 22 || bytes[0] == 21) && bytes[1] == 3 }
}
