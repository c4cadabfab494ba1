package import DocumentCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension ConfigFile {
    /// Puts new contents in the place of a file's, which keeps its owner and permissions. Whoever reads it meanwhile
    /// sees the old or the new contents whole, and so does whoever reads it after a crash. What a symbolic link leads
    /// to is replaced, not the link. Blocks on the disk.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(DocumentProblems) {
        do throws(DocumentError) {
            guard let resolved = unsafe realpath(path, nil) else { throw unwritable() }
            defer { unsafe free(resolved) }
            try replace(resolved: unsafe String(cString: resolved), with: bytes)
        } catch {
            throw DocumentProblems(error, file: path)
        }
    }

    private static func replace(resolved path: String, with bytes: [UInt8]) throws(DocumentError) {
        var info = stat()
        guard unsafe access(path, W_OK) == 0, unsafe stat(path, &info) == 0 else { throw unwritable() }
        // Hidden, so that nobody takes it for a configuration file.
        let name = path.split(separator: "/").last ?? ""
        var template = Array("\(path.dropLast(name.count)).\(name).XXXXXX".utf8CString)
        let descriptor = unsafe mkstemp(&template)
        guard descriptor >= 0 else { throw unwritable() }
        let temporary = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do throws(DocumentError) {
            defer { close(descriptor) }
            // Only root may give files away, and for others the owner is the same anyway.
            _ = fchown(descriptor, info.st_uid, info.st_gid)
            guard fchmod(descriptor, info.st_mode & 0o7777) == 0 else { throw unwritable() }
            try writeAll(bytes, to: descriptor)
            guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else { throw unwritable() }
        } catch {
            unsafe unlink(temporary)
            throw error
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws(DocumentError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw unwritable()
            }
        }
    }

    private static func unwritable() -> DocumentError { failure("cannot be written") }
}
