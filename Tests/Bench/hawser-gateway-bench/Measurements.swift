import Glibc
import Synchronization

/// Something with a port that leads to the backend: a proxy, or the backend itself as the row to compare with.
struct Subject: Sendable {
    let name: String
    let port: UInt16
    /// None for the direct way.
    let process: ProcessTree?

    /// Of the form NAME=PORT:PID, or NAME=PORT.
    init(_ text: String) throws {
        let parts = text.split(separator: "=")
        let numbers = parts.last?.split(separator: ":").map { Int($0) } ?? []
        guard parts.count == 2, let port = numbers.first.flatMap({ $0 }).flatMap({ UInt16(exactly: $0) }) else {
            throw BenchError("\(text) is not of the form NAME=PORT:PID")
        }
        self.name = String(parts[0])
        self.port = port
        process = numbers.count > 1 ? numbers[1].map { ProcessTree(root: $0) } : nil
    }

    /// A connection whose hello is on its way.
    func open(_ purpose: Hello.Purpose) throws -> Socket {
        let connection = try Socket.connect(to: port)
        do {
            try connection.send(Hello.bytes(purpose))
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    func cpuSeconds() throws -> Double {
        try process?.cpuSeconds() ?? 0
    }
}

/// Does the proxy what it is measured for?
enum SenseCheck {
    /// Bytes come back as they were sent, and a name without a route reaches nobody.
    static func run(_ subject: Subject) throws {
        let connection = try subject.open(.echo)
        defer { connection.close() }
        let sent = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let sender = try Worker { try? connection.send(sent) }
        var received = [UInt8](repeating: 0, count: sent.count)
        try connection.receiveAll(into: &received)
        sender.join()
        guard received == sent else { throw BenchError("other bytes came back than were sent") }
        guard subject.process != nil else { return }

        let stranger = try Socket.connect(to: subject.port)
        defer { stranger.close() }
        var answer = [UInt8](repeating: 0, count: 1_024)
        try stranger.send(Hello.unrouted)
        try? stranger.send([1])
        if let count = try? stranger.receive(into: &answer), count > 0, answer[0] == 1 {
            throw BenchError("a server name without a route was forwarded")
        }
    }
}

/// Two connections at full speed from the client to the backend, and then two from the backend to the client.
struct BulkMeasurement {
    let gigabitsPerSecond: Double
    let cpuSecondsPerGigabyte: Double

    private static let connections = 2
    /// Until windows and buffers have grown.
    private static let warmUpSeconds = 0.4

    /// - Parameter seconds: for each direction.
    init(_ subject: Subject, seconds: Double) throws {
        let up = try Self.run(subject, .upload, seconds: seconds)
        let down = try Self.run(subject, .download, seconds: seconds)
        let bytes = up.bytes + down.bytes
        gigabitsPerSecond = bytes * 8 / (up.nanoseconds + down.nanoseconds)
        cpuSecondsPerGigabyte = (up.cpuSeconds + down.cpuSeconds) / (bytes / 1e9)
    }

    private static func run(
        _ subject: Subject, _ direction: Hello.Purpose, seconds: Double
    ) throws -> (bytes: Double, nanoseconds: Double, cpuSeconds: Double) {
        var transfers: [Bulk] = []
        var workers: [Worker] = []
        defer {
            transfers.forEach { $0.stop() }
            workers.forEach { $0.join() }
            transfers.forEach { $0.close() }
        }
        for _ in 0..<connections {
            let transfer = Bulk(try subject.open(direction))
            transfers.append(transfer)
            workers.append(try Worker { if direction == .upload { transfer.send() } else { transfer.receive() } })
        }
        pause(seconds: warmUpSeconds)
        let start = (time: now(), bytes: transfers.reduce(0) { $0 + $1.bytes }, cpu: try subject.cpuSeconds())
        pause(seconds: seconds)
        let end = (time: now(), bytes: transfers.reduce(0) { $0 + $1.bytes }, cpu: try subject.cpuSeconds())
        guard end.bytes > start.bytes else { throw BenchError("no bytes came through") }
        return (Double(end.bytes - start.bytes), Double(end.time - start.time), end.cpu - start.cpu)
    }
}

/// Short connections: each client opens one after another, sends its hello, and reads 64 bytes and the end.
struct ConnectionMeasurement {
    let perSecond: Double
    let cpuSecondsPerThousand: Double

    private static let clients = 32
    private static let warmUpSeconds = 0.3

    init(_ subject: Subject, seconds: Double) throws {
        let shared = Shared()
        var clients: [Worker] = []
        defer {
            shared.over.store(true, ordering: .relaxed)
            clients.forEach { $0.join() }
        }
        for _ in 0..<Self.clients { clients.append(try Worker { Self.run(subject, shared) }) }
        pause(seconds: Self.warmUpSeconds)
        let start = (time: now(), count: shared.done.load(ordering: .relaxed), cpu: try subject.cpuSeconds())
        pause(seconds: seconds)
        let end = (time: now(), count: shared.done.load(ordering: .relaxed), cpu: try subject.cpuSeconds())
        if let failure = shared.failure.withLock({ $0 }) { throw failure }
        let count = Double(end.count - start.count)
        guard count > 0 else { throw BenchError("no connection came through") }
        perSecond = count / (Double(end.time - start.time) / 1e9)
        cpuSecondsPerThousand = (end.cpu - start.cpu) / (count / 1_000)
    }

    private static func run(_ subject: Subject, _ shared: Shared) {
        let hello = Hello.bytes(.short)
        var answer = [UInt8](repeating: 0, count: Backend.answer.count)
        var rest = [UInt8](repeating: 0, count: 64)
        do {
            while !shared.over.load(ordering: .relaxed) {
                let connection = try Socket.connect(to: subject.port)
                defer { connection.close() }
                try connection.send(hello)
                try connection.receiveAll(into: &answer)
                guard try connection.receive(into: &rest) == 0 else { throw BenchError("more came than was answered") }
                shared.done.wrappingAdd(1, ordering: .relaxed)
            }
        } catch {
            shared.failure.withLock { $0 = $0 ?? BenchError("\(error)") }
        }
    }

    private final class Shared: Sendable {
        let over = Atomic(false)
        let done = Atomic(0)
        let failure = Mutex<BenchError?>(nil)
    }
}

/// A message of 64 bytes there and back over standing connections, one message at a time in all.
struct EchoMeasurement {
    let p50Microseconds: Double
    let p99Microseconds: Double

    private static let connections = 100
    private static let passes = 100

    init(_ subject: Subject) throws {
        var connections: [Socket] = []
        defer { connections.forEach { $0.close() } }
        for _ in 0..<Self.connections { connections.append(try subject.open(.echo)) }
        let message = [UInt8](repeating: 0x33, count: 64)
        var answer = [UInt8](repeating: 0, count: message.count)
        var times: [UInt64] = []
        times.reserveCapacity(Self.connections * Self.passes)
        // The first pass waits for the connections to stand, and does not count.
        for pass in 0...Self.passes {
            for connection in connections {
                let start = now()
                try connection.send(message)
                try connection.receiveAll(into: &answer)
                if pass > 0 { times.append(now() - start) }
            }
        }
        times.sort()
        p50Microseconds = Double(times[times.count / 2]) / 1_000
        p99Microseconds = Double(times[times.count * 99 / 100]) / 1_000
    }
}

/// Memory of a proxy that holds connections whose hello is forwarded and on which nothing moves.
struct IdleMeasurement {
    /// With no connection yet.
    let freshMegabytes: Double
    /// For 10,000 connections, whatever number was opened.
    let megabytes: Double

    static let goal = 10_000
    /// At a time, below every backlog.
    private static let batch = 100

    /// As many connections as this machine lets a proxy hold, which needs two descriptors for each and some more.
    static var connections: Int {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return min(goal, (Int(clamping: limit.rlim_cur) - 200) / 2 / batch * batch)
    }

    init(_ subject: Subject) throws {
        guard let process = subject.process else { throw BenchError("\(subject.name) is no process") }
        freshMegabytes = try process.residentMegabytes()
        var connections: [Socket] = []
        defer { connections.forEach { $0.close() } }
        var answer: [UInt8] = [0]
        while connections.count < Self.connections {
            let first = connections.count
            for _ in 0..<Self.batch { connections.append(try subject.open(.idle)) }
            for connection in connections[first...] { try connection.receiveAll(into: &answer) }
        }
        pause(seconds: 0.5)
        let loaded = try process.residentMegabytes()
        megabytes = freshMegabytes + (loaded - freshMegabytes) * Double(Self.goal) / Double(connections.count)
    }
}
