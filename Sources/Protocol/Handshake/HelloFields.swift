import Glibc
import Platform
import SwiftProtobuf

/// The fields of a process's `Hello` that depend on its role. The others are facts of the host, the process and the release.
public struct HelloFields: Sendable {
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

    /// Returns the `Hello`, with the other fields filled in.
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
