import Glibc
import IdentityCore
import NIOCore
import PeeringCore

/// The system's wall clock.
enum WallClock {
    @Sendable
    static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Seconds since 1970.
    @Sendable
    static func seconds() -> Int64 { now().seconds }
}

/// Which address peers reach this machine at.
enum AdvertisedAddress {
    /// - Parameters:
    ///   - configured: what the operator says wins.
    ///   - bind: where the peering port listens; an address of one interface is the next best.
    /// - Returns: else the first private IPv4 address, else any, else the loopback.
    static func choose(configured: String?, bind: String) -> String {
        if let configured { return configured }
        if !AddressSetting.isWildcard(bind) { return bind }
        let addresses = ((try? System.enumerateDevices()) ?? []).compactMap(\.address)
            .filter { $0.protocol == .inet }.compactMap(\.ipAddress).filter { !$0.hasPrefix("127.") }
        return addresses.first(where: isPrivate) ?? addresses.first ?? "127.0.0.1"
    }

    private static func isPrivate(_ address: String) -> Bool {
        let parts = address.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 4 else { return false }
        return parts[0] == 10 || (parts[0] == 172 && (16...31).contains(parts[1]))
            || (parts[0] == 192 && parts[1] == 168)
    }
}

/// A directory that is gone when the daemon is.
struct TemporaryDataDirectory {
    let path: String

    init() throws(Refusal) {
        let parent = SystemFiles.environment("TMPDIR") ?? "/tmp"
        var template = Array("\(parent)/hawser-dev-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw Refusal(.failed, "no directory could be made in \(parent): \(SystemFiles.reason(errno))")
        }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes the files that the storage made, and the directory.
    func remove() {
        for name in ["state.db", "state.db-wal", "state.db-shm"] { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir(path)
    }
}
