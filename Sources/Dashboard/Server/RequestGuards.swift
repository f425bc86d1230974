import HTTPTypes
import Hummingbird

/// What browsers are told about every answer: nothing of other origins, nothing guessed, nothing framed.
struct SecurityHeaders: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        for (name, value) in [
            ("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"),
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }
}

/// On loopback only names of loopback are answered: a page of another site whose name is made to resolve to this machine
/// must not read runs through somebody's browser.
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
            throw DashboardError(.forbidden, "this dashboard answers to localhost only; open the address that it printed")
        }
        return try await next(request, context)
    }
}

/// What changes something is asked from the dashboard's own page, or by a program, never by another site's page.
struct SameOrigin: RouterMiddleware {
    typealias Context = BasicRequestContext

    static func check(_ request: Request) throws {
        guard let name = HTTPField.Name("Origin"), let origin = request.headers[name] else { return }
        guard let authority = request.head.authority, origin == "http://\(authority)" || origin == "https://\(authority)" else {
            throw DashboardError(.forbidden, "another site's page may not ask this")
        }
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        try Self.check(request)
        return try await next(request, context)
    }
}
