import HTTPTypes
import Hummingbird

/// Adds security headers to every response: no content from other origins, no type sniffing, no framing.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for (name, value) in [
            (
                "Content-Security-Policy",
                "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
            ),
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }
}

/// Rejects requests to other host names than loopback ones.
///
/// This prevents DNS rebinding, by which another site's page could read runs through a user's browser.
struct LoopbackHosts: RouterMiddleware {
    typealias Context = BasicRequestContext

    static func isLoopback(_ authority: String) -> Bool {
        var host = authority[...]
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") {
            host = host[host.index(after: host.startIndex)..<end]
        } else if let colon = host.lastIndex(of: ":") {
            host = host[..<colon]
        }
        return host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." })
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let authority = request.head.authority, Self.isLoopback(authority) else {
            throw DashboardError(.forbidden, "this dashboard answers only requests to localhost; open the address that it printed")
        }
        return try await next(request, context)
    }
}

/// Rejects requests from pages of other sites. Requests without an origin, from programs, are accepted.
struct SameOrigin: RouterMiddleware {
    typealias Context = BasicRequestContext

    static func check(_ request: Request) throws {
        guard let name = HTTPField.Name("Origin"), let origin = request.headers[name] else { return }
        guard let authority = request.head.authority, origin == "http://\(authority)" || origin == "https://\(authority)" else {
            throw DashboardError(.forbidden, "pages of other sites may not send this request; use the dashboard's own page")
        }
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        try Self.check(request)
        return try await next(request, context)
    }
}
