import ParameterStore
import Platform
import Protocol
import Security
import Transport

/// Runs the same store as `colonnade store`, on threads of the coordinator's process or of a host's first worker.
enum EmbeddedStore {
    /// - Parameter memory: Where parameters lie; nil for memory that ends with the process.
    static func start(_ coordinator: SocketAddress, security: LinkSecurity, memory: MemoryFile?) throws {
        let store = try StoreService(security: security, memory: memory, log: ProcessLog { Terminal.error($0) })
        _ = ServiceThread(name: "store") {
            do {
                // The coordinator or the worker reports how the run ended.
                _ = try store.serve(coordinator: coordinator)
            } catch {
                Terminal.error("the parameter store ended: \(error)")
            }
        }
    }
}
