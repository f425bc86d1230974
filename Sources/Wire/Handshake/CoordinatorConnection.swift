import Glibc
import SwiftProtobuf
import Threading

/// A process's own introduction: what the handshake compares.
public struct Introduction: Sendable {
    public var role: WireHello.Role
    public var instructionSet: String
    public var kernelLibrary: String
    public var threads: Int
    /// Empty when the process has no data set of its own to name.
    public var datasetFingerprint: String

    public init(
        role: WireHello.Role, instructionSet: String, kernelLibrary: String, threads: Int, datasetFingerprint: String
    ) {
        (self.role, self.instructionSet, self.kernelLibrary) = (role, instructionSet, kernelLibrary)
        (self.threads, self.datasetFingerprint) = (threads, datasetFingerprint)
    }

    /// - Parameter listenPort: where the process takes connections of workers.
    public func hello(listenPort: UInt16) -> WireControlMessage {
        var hello = WireHello()
        hello.role = role
        hello.productVersion = Product.version
        hello.cpuModel = HostIdentity.cpuModel
        hello.instructionSet = instructionSet
        hello.kernelLibrary = kernelLibrary
        hello.threads = UInt32(threads)
        hello.datasetFingerprint = datasetFingerprint
        hello.hostIdentity = HostIdentity.value
        hello.hostName = HostIdentity.hostName
        hello.processID = UInt32(getpid())
        hello.listenPort = UInt32(listenPort)
        return .with { $0.hello = hello }
    }
}

extension WireControlMessage {
    /// Reads a control frame's payload.
    public init(payload: [UInt8]) throws {
        do {
            try self.init(serializedBytes: payload)
        } catch {
            throw WireError(.malformed, "a control message that cannot be read")
        }
    }

    /// The largest control message that is taken.
    public static let sizeLimit = 1 << 20
}

extension Connector {
    /// Connects to a coordinator that may not be up yet.
    /// - Parameter patience: seconds to keep trying.
    public static func connectPatiently(
        to address: SocketAddress, loop: EventLoop, patience: Double, isCancelled: () -> Bool = { false }
    ) throws -> Link {
        let deadline = MonotonicClock.now + patience
        var refused: Double?
        while true {
            do {
                return try connect(to: address, loop: loop, expecting: .coordinator)
            } catch {
                let now = MonotonicClock.now
                var isFinal = now > deadline || isCancelled()
                if let error = error as? WireError, error.code == .refused {
                    // A coordinator that has just come up may not have left its token yet; otherwise a refusal stays one.
                    isFinal = isFinal || !loop.security.expectsPublishedToken || now - (refused ?? now) > 1
                    refused = refused ?? now
                }
                if isFinal { throw error }
                usleep(100_000)
            }
        }
    }
}
