public import ArgumentParser
public import Wire

extension PeerRole: ExpressibleByArgument {}
