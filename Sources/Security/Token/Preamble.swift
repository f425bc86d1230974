import COpenSSL

/// The bytes exchanged on an unencrypted connection before any frame; docs/wire-protocol.md has the byte table.
/// Each side proves that it knows the run's token over a nonce that the other has just drawn, which prevents replay.
package enum Preamble {
    package static let magic = Array("COLP".utf8)
    package static let version: UInt8 = 1
    package static let nonceCount = 32
    /// Bytes of the head: magic, version, word, two zeros.
    package static let headCount = 8
    /// Bytes of the connecting side's request: head and nonce.
    package static let requestCount = headCount + nonceCount
    /// Bytes of the listener's answer: head, nonce, proof.
    package static let answerCount = headCount + nonceCount + RunToken.byteCount
    package static let proofCount = RunToken.byteCount

    /// The head's sixth byte: whether a side has a token, or why the listener rejects the connection.
    package enum Word: UInt8 {
        case noToken = 0
        case token = 1
        /// The listener has a token, but the connecting side has none.
        case tokenWanted = 2
        /// The connecting side has a token, but the listener has none.
        case tokenUnknown = 3
        /// The request has another version, or is a TLS record sent to a listener without TLS.
        case unknown = 4
        /// Sent inside TLS after the handshake: the certificate is accepted.
        case accepted = 5
        /// The listener requires TLS.
        case certificateWanted = 6
    }

    package static func head(_ word: Word) -> [UInt8] { magic + [version, word.rawValue, 0, 0] }

    package static func nonce() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: nonceCount)
        guard RAND_bytes(&bytes, Int32(nonceCount)) == 1 else { throw WireError(.system, "the system provides no random bytes") }
        return bytes
    }

    package static func listenerProof(_ token: RunToken, connector: [UInt8], listener: [UInt8]) -> [UInt8] {
        token.proof("colonnade listener", connector, listener)
    }

    package static func connectorProof(_ token: RunToken, connector: [UInt8], listener: [UInt8]) -> [UInt8] {
        token.proof("colonnade connector", listener, connector)
    }

    /// Returns an answer with a word, and zeros as nonce and proof.
    package static func answer(_ word: Word) -> [UInt8] {
        head(word) + [UInt8](repeating: 0, count: answerCount - headCount)
    }

    /// Returns whether bytes begin with the header of a TLS handshake or alert record.
    package static func isTLS(_ bytes: [UInt8]) -> Bool { bytes.count >= 2 && (bytes[0] == 22 || bytes[0] == 21) && bytes[1] == 3 }
}
