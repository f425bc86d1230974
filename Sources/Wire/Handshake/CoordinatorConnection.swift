import Glibc
import Platform
import SwiftProtobuf

/// A process's description of itself, from which its `Hello` is made.
public struct Introduction: Sendable {
    public var role: WireHello.Role
    public var instructionSet: String
    public var kernelLibrary: String
    public var threads: Int
    /// Empty if the process has no data set of its own.
    public var datasetFingerprint: String

    public init(
        role: WireHello.Role, instructionSet: String, kernelLibrary: String, threads: Int, datasetFingerprint: String
    ) {
        (self.role, self.instructionSet, self.kernelLibrary) = (role, instructionSet, kernelLibrary)
        (self.threads, self.datasetFingerprint) = (threads, datasetFingerprint)
    }

    /// Returns the `Hello`, with the facts of this host and process.
    /// - Parameter listenPort: the port on which the process accepts connections of workers.
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
    /// Decodes a control frame's payload.
    /// - Throws: `WireError` if it is not a valid message.
    public init(payload: [UInt8]) throws {
        do {
            try self.init(serializedBytes: payload)
        } catch {
            throw WireError(.malformed, "a control message cannot be decoded")
        }
    }

    /// The largest accepted control message, in bytes.
    public static let sizeLimit = 1 << 20
}

extension Connector {
    /// Connects to a coordinator that may not be listening yet, by trying repeatedly.
    /// - Parameters:
    ///   - patience: seconds to keep trying.
    ///   - isCancelled: checked after each failed attempt; ends the attempts.
    /// - Throws: `WireError` of the last attempt. Errors of code `refused` are final, except while the coordinator may not
    ///   have published its token yet.
    public static func connectPatiently(
        to address: SocketAddress, loop: EventLoop, patience: Double, isCancelled: () -> Bool = { false }
    ) throws -> Link {
        let deadline = MonotonicClock.now + patience
        var firstRefusal: Double?
        while true {
            do {
                return try connect(to: address, loop: loop, expecting: .coordinator)
            } catch {
                let now = MonotonicClock.now
                var isFinal = now > deadline || isCancelled()
                if let error = error as? WireError, error.code == .refused {
                    // A coordinator that has just started may not have published its token yet.
                    isFinal = isFinal || !loop.security.expectsPublishedToken || now - (firstRefusal ?? now) > 1
                    firstRefusal = firstRefusal ?? now
                }
                if isFinal { throw error }
                usleep(100_000)
            }
        }
    }
}
