import ArgumentParser
package import Settings

extension RunRequest {
    /// Reads the options of `train`.
    package static func parse(_ options: [String]) throws -> RunRequest { try RunOptions.parse(options).request }
}
