import Commands

@main
struct Colonnade {
    static func main() { ColonnadeCommand.run() }
}
