/// The listening side of the preamble, without a socket: bytes in, bytes out.
struct ListenerPreamble {
    enum Event {
        /// Send this; more is to come.
        case send([UInt8])
        /// Send this, and frames may follow.
        case accept([UInt8])
        /// Send this, and close.
        case refuse([UInt8], reason: String)
    }

    private let token: RunToken?
    private let nonce: [UInt8]
    private var theirNonce: [UInt8]?
    private var bytes: [UInt8] = []

    init(token: RunToken?) throws {
        self.token = token
        nonce = try Preamble.nonce()
    }

    /// How many bytes are to be read; never more, since frames may follow.
    var wanted: Int { (theirNonce == nil ? Preamble.requestCount : Preamble.proofCount) - bytes.count }

    /// Takes at most `wanted` bytes.
    /// - Returns: nil where more are needed.
    mutating func take(_ part: [UInt8]) -> Event? {
        bytes += part
        // What cannot become a greeting is not waited for.
        if theirNonce == nil, !Preamble.magic.starts(with: bytes.prefix(4)) { return foreign() }
        guard wanted == 0 else { return nil }
        defer { bytes = [] }
        guard let theirNonce, let token else { return request() }
        let expected = Preamble.connectorProof(token, connector: theirNonce, listener: nonce)
        guard RunToken.isEqual(bytes, expected) else { return .refuse([], reason: "wrong run token") }
        return .accept([])
    }

    private mutating func request() -> Event {
        guard bytes[4] == Preamble.version, bytes[5] <= 1 else {
            return .refuse(answer(.unknown), reason: "it speaks another version of the protocol; run the same release of colonnade everywhere")
        }
        let hasToken = bytes[5] == Preamble.Word.token.rawValue
        let theirs = Array(bytes[Preamble.headCount...])
        theirNonce = theirs
        switch (token, hasToken) {
        case (nil, false): return .accept(answer(.noToken))
        case (nil, true): return .refuse(answer(.tokenUnknown), reason: "it names a run token, and this run has none")
        case (_, false): return .refuse(answer(.tokenWanted), reason: "it has no run token")
        case (let token?, true):
            return .send(answer(.token, proof: Preamble.listenerProof(token, connector: theirs, listener: nonce)))
        }
    }

    private func foreign() -> Event {
        if Preamble.isTLS(bytes) {
            return .refuse(answer(.unknown), reason: "it speaks TLS, this side was started without --certificates")
        }
        return .refuse([], reason: "it does not speak Colonnade's protocol")
    }

    private func answer(_ word: Preamble.Word, proof: [UInt8]? = nil) -> [UInt8] {
        Preamble.head(word) + nonce + (proof ?? [UInt8](repeating: 0, count: Preamble.proofCount))
    }
}
