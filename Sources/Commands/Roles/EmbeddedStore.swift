import ParameterStore
import Platform
import Protocol
import Security

/// Runs the same store as `colonnade store`, on threads of the coordinator's process or of a host's first worker.
enum EmbeddedStore {
    static func start(_ coordinator: SocketAddress, security: LinkSecurity) throws {
        let store = try StoreService(security: security, log: ProcessLog { Terminal.error($0) })
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
