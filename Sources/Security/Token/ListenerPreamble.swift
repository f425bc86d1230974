/// The listening side of the preamble, as pure logic without a socket: bytes in, bytes out.
package struct ListenerPreamble {
    package enum Event {
        /// Send these bytes, then wait for the proof.
        case send([UInt8])
        /// Send these bytes; frames may follow.
        case accept([UInt8])
        /// Send these bytes, then close.
        case refuse([UInt8], reason: String)
    }

    private let token: RunToken?
    private let nonce: [UInt8]
    private var peerNonce: [UInt8]?
    private var bytes: [UInt8] = []

    package init(token: RunToken?) throws {
        self.token = token
        nonce = try Preamble.nonce()
    }

    /// The number of bytes to read next. The caller reads no more, since frames may follow.
    package var wanted: Int { (peerNonce == nil ? Preamble.requestCount : Preamble.proofCount) - bytes.count }

    /// Processes at most `wanted` received bytes.
    /// - Returns: nil if more bytes are needed.
    package mutating func take(_ part: [UInt8]) -> Event? {
        bytes += part
        // Foreign bytes are rejected at once, without waiting for a full request.
        if peerNonce == nil, !Preamble.magic.starts(with: bytes.prefix(4)) { return rejectForeign() }
        guard wanted == 0 else { return nil }
        defer { bytes = [] }
        guard let peerNonce, let token else { return answerRequest() }
        let expected = Preamble.connectorProof(token, connector: peerNonce, listener: nonce)
        guard RunToken.isEqual(bytes, expected) else { return .refuse([], reason: "wrong run token") }
        return .accept([])
    }

    private mutating func answerRequest() -> Event {
        guard bytes[4] == Preamble.version, bytes[5] <= 1 else {
            return .refuse(
                answer(.unknown), reason: "it speaks another version of the protocol; run the same release of colonnade everywhere")
        }
        let hasToken = bytes[5] == Preamble.Word.token.rawValue
        let received = Array(bytes[Preamble.headCount...])
        peerNonce = received
        switch (token, hasToken) {
        case (nil, false): return .accept(answer(.noToken))
        case (nil, true): return .refuse(answer(.tokenUnknown), reason: "it has a run token, but this run has none")
        case (_, false): return .refuse(answer(.tokenWanted), reason: "it has no run token")
        case (let token?, true):
            return .send(answer(.token, proof: Preamble.listenerProof(token, connector: received, listener: nonce)))
        }
    }

    private func rejectForeign() -> Event {
        if Preamble.isTLS(bytes) {
            return .refuse(answer(.unknown), reason: "it speaks TLS, but this side was started without --certificates")
        }
        return .refuse([], reason: "it does not speak Colonnade's protocol")
    }

    private func answer(_ word: Preamble.Word, proof: [UInt8]? = nil) -> [UInt8] {
        Preamble.head(word) + nonce + (proof ?? [UInt8](repeating: 0, count: Preamble.proofCount))
    }
}
