/// The connecting side of the preamble, as pure logic without a socket.
package struct ConnectorPreamble {
    private let address: SocketAddress
    private let token: RunToken?
    private let remedy: String
    private let nonce: [UInt8]

    /// - Parameter remedy: what users can do if the tokens differ.
    package init(address: SocketAddress, token: RunToken?, remedy: String) throws {
        (self.address, self.token, self.remedy) = (address, token, remedy)
        nonce = try Preamble.nonce()
    }

    /// The bytes to send first.
    package var request: [UInt8] { Preamble.head(token == nil ? .noToken : .token) + nonce }

    /// Evaluates the listener's answer.
    /// - Returns: the bytes to send before any frame, and the error if no frame may follow.
    package func evaluate(_ answer: [UInt8]) -> (send: [UInt8], refusal: WireError?) {
        func refuse(_ reason: String) -> (send: [UInt8], refusal: WireError?) { ([], WireError(.refused, reason)) }
        guard answer.count == Preamble.answerCount, answer.starts(with: Preamble.magic) else {
            return refuse("\(address) is not a Colonnade process, or closed the connection; check the address")
        }
        guard answer[4] == Preamble.version, let word = Preamble.Word(rawValue: answer[5]) else {
            return refuse("\(address) speaks another version of the protocol; run the same release of colonnade everywhere")
        }
        switch word {
        case .noToken where token == nil: return ([], nil)
        case .token:
            guard let token else { break }
            let peerNonce = Array(answer[Preamble.headCount..<Preamble.headCount + Preamble.nonceCount])
            let proof = Array(answer[(Preamble.headCount + Preamble.nonceCount)...])
            guard RunToken.isEqual(proof, Preamble.listenerProof(token, connector: nonce, listener: peerNonce)) else {
                // Zeros prove nothing, and let the listener log why the connection ended.
                return (
                    [UInt8](repeating: 0, count: Preamble.proofCount),
                    WireError(.refused, "\(address) has another run token: \(remedy)")
                )
            }
            return (Preamble.connectorProof(token, connector: nonce, listener: peerNonce), nil)
        case .certificateWanted: return refuse("\(address) wants TLS; name this process's certificates with --certificates DIR")
        case .tokenWanted: return refuse("\(address) requires the token of its run: \(remedy)")
        case .tokenUnknown:
            return refuse("\(address) was started without a run token; omit --token-file here, or give it to both sides")
        case .unknown: return refuse("\(address) speaks another version of the protocol; run the same release of colonnade everywhere")
        case .noToken, .accepted: break
        }
        return refuse("\(address) sent an unexpected answer; check that it is the run's coordinator")
    }
}
