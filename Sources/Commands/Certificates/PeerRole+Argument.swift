public import ArgumentParser
public import Security

extension PeerRole: ExpressibleByArgument {}
