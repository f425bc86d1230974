import Foundation

/// A line chart over steps as SVG, for pages that must work without scripts and without a network.
public struct LineChart: Sendable {
    public struct Line: Sendable {
        public var name: String
        /// The points, with ascending x.
        public var points: [(x: Double, y: Double)]
        /// Whether the line is drawn thin and pale, behind the others.
        public var isBackground: Bool

        public init(_ name: String, _ points: [(x: Double, y: Double)], isBackground: Bool = false) {
            (self.name, self.points, self.isBackground) = (name, points, isBackground)
        }
    }

    public var title: String
    public var xLabel: String
    public var yLabel: String
    public var lines: [Line]
    /// Labelled positions on the x axis, such as drops of the learning rate.
    public var marks: [(x: Double, label: String)] = []
    /// The width of the drawing, which is 320 high. Letters keep their size, so a narrow drawing is for a narrow page.
    public var width = 720.0

    public init(title: String, xLabel: String, yLabel: String, lines: [Line]) {
        (self.title, self.xLabel, self.yLabel, self.lines) = (title, xLabel, yLabel, lines)
    }

    private static let height = 320.0
    private static let (left, right, top, bottom) = (64.0, 16.0, 32.0, 48.0)
    /// More points than pixels would not change the drawing.
    private static let pointLimit = 700
    /// Distinguishable with colour vision deficiency (palette of Okabe and Ito), and dark enough for text.
    static let colors = ["#0072b2", "#b84f00", "#007a5a", "#9a4d7f"]
    /// The number of distinguishable lines: each colour solid and dashed.
    public static let lineLimit = 2 * colors.count

    /// Returns an exponential moving average over about a fiftieth of the run.
    public static func smoothed(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        let weight = 1 / max(1, Double(points.count) / 50)
        var mean = points.first?.y ?? 0
        return points.map { point in
            if point.y.isFinite { mean += weight * (point.y - mean) }
            return (point.x, mean)
        }
    }

    /// The chart as a stand-alone file with a white background.
    public var document: String { render(style: " style=\"background:#fff;color:#222\"") }

    /// The chart for embedding in a page. Axes and text take the page's `currentColor`.
    public var svg: String { render(style: "") }

    private func render(style: String) -> String {
        let drawn = lines.map { line in
            Line(line.name, Self.thinned(line.points.filter { $0.x.isFinite && $0.y.isFinite }), isBackground: line.isBackground)
        }.filter { !$0.points.isEmpty }
        let title = Self.escaped(self.title)
        let legend = legend(drawn.map(\.name), title: self.title)
        // Makes room for the rows of the legend below the first.
        let shift = 18 * Double((legend.map(\.row).max() ?? 0))
        let (top, height) = (Self.top + shift, Self.height + shift)
        var svg =
            "<svg class=\"chart\"\(style) viewBox=\"0 0 \(Int(width)) \(Int(height))\" role=\"img\" aria-label=\"\(title)\" "
            + "xmlns=\"http://www.w3.org/2000/svg\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n"
            + "<text x=\"\(Self.left)\" y=\"18\" font-weight=\"600\" fill=\"currentColor\">\(title)</text>\n"
        guard let xs = Self.range(drawn.flatMap { $0.points.map(\.x) }), let ys = Self.range(drawn.flatMap { $0.points.map(\.y) })
        else {
            return svg + "<text x=\"\(Self.left)\" y=\"80\" fill=\"currentColor\">nothing was recorded</text>\n</svg>\n"
        }
        let yTicks = Self.ticks(ys.0, ys.1)
        let (low, high) = (min(ys.0, yTicks.first ?? ys.0), max(ys.1, yTicks.last ?? ys.1))
        func x(_ value: Double) -> Double {
            Self.left + (value - xs.0) / max(xs.1 - xs.0, 1e-12) * (width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            height - Self.bottom - (value - low) / max(high - low, 1e-12) * (height - top - Self.bottom)
        }
        func text(_ content: String, _ x: Double, _ y: Double, _ anchor: String, _ more: String = "") -> String {
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor)\" fill=\"currentColor\"\(more)>"
                + "\(Self.escaped(content))</text>\n"
        }
        for tick in yTicks {
            svg += Self.path([(Self.left, y(tick)), (width - Self.right, y(tick))], "currentColor", 0.5, opacity: 0.25)
            svg += text(Self.label(tick), Self.left - 8, y(tick) + 4, "end")
        }
        for tick in Self.ticks(xs.0, xs.1) where tick >= xs.0 && tick <= xs.1 {
            svg += text(Self.label(tick), x(tick), height - Self.bottom + 18, "middle")
        }
        svg += text(xLabel, (width + Self.left) / 2, height - 8, "middle")
        let middle = (height - Self.bottom + top) / 2
        svg += text(yLabel, 14, middle, "middle", " transform=\"rotate(-90 14 \(Self.number(middle)))\"")
        for mark in marks where mark.x >= xs.0 && mark.x <= xs.1 {
            svg += Self.path([(x(mark.x), top), (x(mark.x), height - Self.bottom)], "currentColor", 1, opacity: 0.5, dashes: "4 4")
            svg += text(mark.label, x(mark.x) + 4, top + 10, "start")
        }
        for (index, line) in drawn.enumerated().reversed() {
            let color = Self.colors[index % Self.colors.count]
            let dashes = index < Self.colors.count ? nil : "6 4"
            svg += Self.path(
                line.points.map { (x($0.x), y($0.y)) }, color, line.isBackground ? 1 : 2, opacity: line.isBackground ? 0.35 : 1,
                dashes: dashes)
            if line.points.count == 1 {
                let (cx, cy) = (Self.number(x(line.points[0].x)), Self.number(y(line.points[0].y)))
                svg += "<circle cx=\"\(cx)\" cy=\"\(cy)\" r=\"3\" fill=\"\(color)\"/>\n"
            }
            let (end, row) = legend[index]
            let start = end - Self.nameWidth(line.name)
            svg += text(line.name, end, 18 + 18 * Double(row), "end")
            svg += Self.path(
                [(start - 18, 14 + 18 * Double(row)), (start, 14 + 18 * Double(row))], color, 3, opacity: line.isBackground ? 0.5 : 1,
                dashes: dashes)
        }
        return svg + "</svg>\n"
    }

    /// Estimates the width of a name in the legend, with a gap.
    private static func nameWidth(_ name: String) -> Double { 7 * Double(name.count) + 8 }

    /// Returns the end and the row of each name in the legend: right of the title while there is room, then below it.
    private func legend(_ names: [String], title: String) -> [(end: Double, row: Int)] {
        var rows: [[Int]] = [[]]
        var room = width - Self.right - Self.left - 7 * Double(title.count) - 24
        let taken = names.map { Self.nameWidth($0) + 34 }
        for index in names.indices {
            if taken[index] > room, !rows[rows.count - 1].isEmpty || rows.count == 1 {
                rows.append([])
                room = width - Self.right - Self.left
            }
            rows[rows.count - 1].append(index)
            room -= taken[index]
        }
        var positions = names.map { _ in (end: width - Self.right, row: 0) }
        for (row, indices) in rows.enumerated() {
            var end = width - Self.right
            for index in indices.reversed() {
                positions[index] = (end, row)
                end -= taken[index]
            }
        }
        return positions
    }

    private static func path(
        _ points: [(Double, Double)], _ color: String, _ width: Double, opacity: Double = 1, dashes: String? = nil
    ) -> String {
        let steps = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(number($1.0)) \(number($1.1))" }.joined()
        return "<path d=\"\(steps)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"\(number(width))\" "
            + "stroke-opacity=\"\(number(opacity))\" stroke-linejoin=\"round\"\(dashes.map { " stroke-dasharray=\"\($0)\"" } ?? "")/>\n"
    }

    /// Reduces the points to the smallest and the largest of each group, so that spikes remain visible.
    package static func thinned(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        guard points.count > pointLimit else { return points }
        let groups = pointLimit / 2
        return (0..<groups).flatMap { group -> [(x: Double, y: Double)] in
            let part = points[group * points.count / groups..<(group + 1) * points.count / groups]
            guard let low = part.min(by: { $0.y < $1.y }), let high = part.max(by: { $0.y < $1.y }) else { return [] }
            return low.x <= high.x ? [low, high] : [high, low]
        }
    }

    private static func range(_ values: [Double]) -> (Double, Double)? {
        guard let low = values.min(), let high = values.max() else { return nil }
        return low == high ? (low - 0.5, high + 0.5) : (low, high)
    }

    /// Returns round numbers that cover a range.
    package static func ticks(_ low: Double, _ high: Double) -> [Double] {
        let rough = (high - low) / 5
        guard rough > 0, rough.isFinite else { return [low] }
        let power = pow(10, floor(log10(rough)))
        let step = power * ([1, 2, 5, 10].first { $0 * power >= rough } ?? 10)
        let first = floor(low / step)
        return (0...8).map { (first + Double($0)) * step }.prefix { $0 < high + step }.map { $0 }
    }

    private static func label(_ value: Double) -> String {
        if value == 0 || abs(value) < 1e-30 { return "0" }
        if abs(value) >= 1e9 || abs(value) < 0.001 { return FigureText.number(value) }
        if abs(value) >= 1e6 { return "\(number(value / 1e6))M" }
        if abs(value) >= 1e4 { return "\(number(value / 1e3))k" }
        return number(value)
    }

    private static func number(_ value: Double) -> String {
        var text = String(format: "%.3f", value)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return text
    }

    public static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
            .replacingOccurrences(of: "'", with: "&#39;")
    }
}
