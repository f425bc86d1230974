import Foundation
public import HTTPTypes
import Hummingbird
import NIOCore

/// The reason why a request is rejected: an HTTP status, and one sentence that ends with what to do.
public struct DashboardError: Error, CustomStringConvertible {
    public let status: HTTPResponse.Status
    public let description: String

    public init(_ status: HTTPResponse.Status, _ description: String) { (self.status, self.description) = (status, description) }
}

/// Converts every error into a JSON response.
struct WebErrors: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as DashboardError {
            return try WebJSON.response(["error": error.description], status: error.status)
        } catch let error as HTTPError {
            let sentence = error.status == .notFound ? "there is no page \(request.uri.path)" : error.body ?? "\(error.status)"
            return try WebJSON.response(["error": sentence], status: error.status)
        } catch {
            return try WebJSON.response(["error": "\(error)"], status: .internalServerError)
        }
    }
}

/// Encodes JSON for the page.
enum WebJSON {
    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: try data(value))))
    }

    /// Encodes a value on one line, as server-sent events require.
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A loss of NaN must not make the whole curve unavailable.
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
        return try encoder.encode(value)
    }
}
