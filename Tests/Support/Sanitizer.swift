import Foundation

/// The sanitizer that deploy/sanitize.sh built the product with.
package enum Sanitizer {
    package static let isAbsent = ProcessInfo.processInfo.environment["COLONNADE_SANITIZER"] == nil
}
