import Foundation
import Platform
package import Prediction

extension DeviceModel {
    /// Finds a known model by name, or reads a YAML file with `name`, `flops`, `memory_bandwidth`, `launch` and `peer_bandwidth`.
    package init(argument: String) throws {
        if let known = Self.known.first(where: { $0.name == argument }) {
            self = known
            return
        }
        let names = Self.known.map(\.name).joined(separator: ", ")
        guard argument.contains("/") || argument.contains(".") else {
            throw CommandFailure(
                CommandFailure.usage, "there is no device \"\(argument)\"; name one of \(names), or a file with its rates")
        }
        let bytes = try SmallFile.read(argument, limit: SettingsText.byteLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure(CommandFailure.configuration, "\(argument) is not UTF-8 text")
        }
        do {
            self = try JSONDecoder().decode(DeviceModel.self, from: JSONEncoder().encode(try SettingsText.value(text)))
        } catch {
            throw CommandFailure(
                CommandFailure.configuration,
                "\(argument) does not describe a device; write name, flops (per second), memory_bandwidth and peer_bandwidth "
                    + "(bytes per second) and launch (seconds)")
        }
        if let problem { throw CommandFailure(CommandFailure.configuration, "\(argument): \(problem)") }
    }
}
