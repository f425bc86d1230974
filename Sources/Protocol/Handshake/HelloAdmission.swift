import Security
import SwiftProtobuf
import Transport

/// Admission by a `Hello`: it is the first message of every connection, and a refused peer receives a `Refusal`.
struct HelloAdmission: AdmissionPolicy {
    func checkFirst(_ payload: [UInt8]) throws {
        guard case .hello? = try WireControlMessage(payload: payload).body else {
            throw WireError(.malformed, "its first message is not a Hello")
        }
    }

    func refusal(_ reason: String) -> [UInt8] { WireControlMessage.with { $0.refusal.reason = reason }.payload }
}
