import Platform
public import Security
import SwiftProtobuf
import Transport

/// Sends commands of dashboards and users to a coordinator: stop, write a checkpoint, or change the number of workers.
public enum RunControl {
    /// Sends one command over a connection of its own, and waits for the answer.
    /// - Parameters:
    ///   - security: contains the run's token or a dashboard's certificate.
    ///   - timeout: seconds to connect, and as many for the answer.
    /// - Throws: `WireError` if the coordinator cannot be reached or refuses the command, with the reason.
    public static func ask(
        _ command: WireCommand, of coordinator: SocketAddress, security: LinkSecurity, timeout: Double = 10
    ) throws {
        let loop = try EventLoop(name: "command-io", security: security)
        defer { loop.stop() }
        let link = try Connector.connect(to: coordinator, loop: loop, expecting: .coordinator, timeout: timeout)
        let receiver = Receiver()
        link.start(receiver)
        link.send(
            HelloFields(role: .dashboard, instructionSet: "", kernelLibrary: "", threads: 0, datasetFingerprint: "")
                .hello(listenPort: 0))
        link.send(.with { $0.command = command })
        guard let outcome = receiver.outcome.wait(timeout: timeout, until: { $0 }) else {
            throw WireError(.timeout, "the coordinator at \(coordinator) has not answered for \(Int(timeout)) seconds")
        }
        try outcome.get()
    }

    private final class Receiver: LinkReceiver {
        let outcome = Monitor<Result<Void, any Error>?>(nil)

        func destination(for header: FrameHeader, on link: Link) throws -> PayloadDestination {
            guard header.kind == .control else {
                throw WireError(.malformed, "the coordinator sent a \(header.kind) frame in answer to a command")
            }
            return .bytes(limit: 4096)
        }

        func received(_ header: FrameHeader, payload: [UInt8], on link: Link) throws {
            switch try WireControlMessage(payload: payload).body {
            case .answer(let answer):
                end(answer.accepted ? .success(()) : .failure(WireError(.refused, answer.reason)))
            case .refusal(let refusal): end(.failure(WireError(.refused, "the coordinator refused: \(refusal.reason)")))
            case .finish: end(.failure(WireError(.refused, "the run has ended")))
            default: throw WireError(.malformed, "the coordinator sent an unexpected message in answer to a command")
            }
        }

        func closed(_ link: Link, _ error: WireError) { end(.failure(error)) }

        private func end(_ result: Result<Void, any Error>) { outcome.update { if $0 == nil { $0 = result } } }
    }
}
