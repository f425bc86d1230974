/// The lines of one file that wait to be written, oldest first.
struct LineQueue: Sendable {
    struct Element: Sendable {
        let line: EncodedLine
        /// The number of the line among all lines of the run.
        let ticket: Int

        /// The memory that the line takes, with what the queue needs beside its bytes.
        var cost: Int { line.bytes.count + 128 }
    }

    private(set) var elements: [Element] = []
    private(set) var cost = 0
    /// The numbers of lines that may be dropped.
    private var details = 0
    private var steps = 0

    var isEmpty: Bool { elements.isEmpty }

    mutating func append(_ element: Element) {
        elements.append(element)
        count(element, 1)
    }

    private mutating func count(_ element: Element, _ change: Int) {
        cost += change * element.cost
        switch element.line.worth {
        case .kept: break
        case .step: steps += change
        case .detail: details += change
        }
    }

    /// Takes the oldest lines out, as many as a limit allows, but one at least.
    /// - Parameter limit: in bytes.
    mutating func take(upTo limit: Int) -> [Element] {
        var (count, bytes) = (0, 0)
        while count < elements.count, count == 0 || bytes + elements[count].line.bytes.count <= limit {
            bytes += elements[count].line.bytes.count
            count += 1
        }
        let taken = Array(elements.prefix(count))
        elements.removeFirst(count)
        for element in taken { self.count(element, -1) }
        return taken
    }

    /// Puts lines back that were taken and could not be written.
    mutating func putBack(_ taken: some Collection<Element>) {
        elements.insert(contentsOf: taken, at: 0)
        for element in taken { count(element, 1) }
    }

    /// Drops the oldest details until enough memory is free.
    /// - Returns: the number of lines dropped.
    mutating func dropDetails(cost wanted: Int) -> Int {
        guard details > 0 else { return 0 }
        var freed = 0
        return remove { element in
            guard freed < wanted, element.line.worth == .detail else { return false }
            freed += element.cost
            return true
        }
    }

    /// Drops every second line of the steps; the first and the last stay.
    /// - Returns: the number of lines dropped.
    mutating func thinSteps() -> Int {
        guard steps > 2 else { return 0 }
        let last = steps - 1
        var number = -1
        return remove { element in
            guard element.line.worth == .step else { return false }
            number += 1
            return number % 2 == 1 && number < last
        }
    }

    private mutating func remove(_ isRemoved: (Element) -> Bool) -> Int {
        let before = elements
        elements = []
        elements.reserveCapacity(before.count)
        for element in before {
            if isRemoved(element) { count(element, -1) } else { elements.append(element) }
        }
        return before.count - elements.count
    }
}
