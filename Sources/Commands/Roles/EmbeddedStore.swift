import ParameterStore
import Threading
import Wire

/// The same store as `colonnade store`, on threads of the coordinator's process or of a host's first worker.
enum EmbeddedStore {
    static func start(_ coordinator: SocketAddress, security: LinkSecurity) throws {
        let store = try StoreService(security: security, log: ProcessLog { Terminal.error($0) })
        _ = ServiceThread(name: "store") {
            do {
                // How the run ended is said by the coordinator or the worker.
                _ = try store.serve(coordinator: coordinator)
            } catch {
                Terminal.error("the parameter store ended: \(error)")
            }
        }
    }
}
