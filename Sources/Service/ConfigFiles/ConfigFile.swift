package import DocumentCore
import HCL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What configuration files may cost.
package struct ConfigLimits: Hashable, Sendable {
    /// Bytes of one file. A definition has about 400 bytes, so this is far above what people write.
    package var maxFileBytes: Int
    /// Files of one load, so that a mistyped `-config-dir` does not read a whole disk.
    package var maxFiles: Int
    /// Values that the aliases of a YAML file may add to those it spells out, as a few lines of nested aliases
    /// can stand for billions.
    package var maxAliasedValues: Int

    package init(maxFileBytes: Int = 64 << 20, maxFiles: Int = 65_536, maxAliasedValues: Int = 100_000) {
        self.maxFileBytes = maxFileBytes
        self.maxFiles = maxFiles
        self.maxAliasedValues = maxAliasedValues
    }
}

/// Reads single files. All functions block on the disk: call them from a thread that may.
package enum ConfigFile {
    /// The documents of a file, or of standard input if the path is `-`; YAML files may have several.
    package static func readDocuments(
        _ path: String, limits: ConfigLimits = ConfigLimits()
    ) throws(DocumentProblems) -> [Document] {
        if path == "-" {
            let name = "standard input"
            let bytes: [UInt8]
            do throws(DocumentError) {
                bytes = try readAll(descriptor: 0, limits: limits)
            } catch {
                throw DocumentProblems(error, file: name)
            }
            return try documents(bytes, ConfigFormat(text: bytes), file: name, limits: limits)
        }
        let bytes = try readFile(path, limits: limits).bytes
        return try documents(bytes, ConfigFormat(path: path) ?? ConfigFormat(text: bytes), file: path, limits: limits)
    }

    /// The documents of a text that was read already.
    ///
    /// - Parameter file: the name to report problems under.
    package static func documents(
        _ bytes: [UInt8], _ format: ConfigFormat, file: String? = nil, limits: ConfigLimits = ConfigLimits()
    ) throws(DocumentProblems) -> [Document] {
        let textLimits = DocumentLimits(maxBytes: limits.maxFileBytes)
        do throws(DocumentError) {
            switch format {
            case .hcl where !ConfigFormat.isJSON(bytes): break
            case .hcl, .json: return [try JSONReader.read(bytes, limits: textLimits)]
            case .yaml: return try YAMLReader.read(bytes, limits: limits)
            }
        } catch {
            throw DocumentProblems(error, file: file)
        }
        return [try HCLReader.read(bytes, file: file, limits: textLimits)]
    }

    // MARK: - The disk

    /// What tells that a file is still the one that was read. The time of the last status change is part of it,
    /// because tools that restore times cannot restore that one.
    struct Identity: Hashable, Sendable {
        var device: UInt64
        var inode: UInt64
        var size: Int64
        var modifiedNanoseconds: Int64
        var changedNanoseconds: Int64
        var isRegular: Bool
        var isDirectory: Bool

        init(_ info: stat) {
            device = UInt64(info.st_dev)
            inode = UInt64(info.st_ino)
            size = Int64(info.st_size)
            modifiedNanoseconds = Int64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_mtim.tv_nsec)
            changedNanoseconds = Int64(info.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_ctim.tv_nsec)
            isRegular = info.st_mode & S_IFMT == S_IFREG
            isDirectory = info.st_mode & S_IFMT == S_IFDIR
        }
    }

    /// Looks at a file without opening it; links are followed.
    static func identity(_ path: String) throws(DocumentError) -> Identity {
        var info = stat()
        guard unsafe stat(path, &info) == 0 else { throw failure("cannot be read") }
        return Identity(info)
    }

    package static func isDirectory(_ path: String) -> Bool { (try? identity(path).isDirectory) ?? false }

    /// The names in a directory, in the order of their bytes.
    package static func names(inDirectory path: String) throws(DocumentError) -> [String] {
        guard let directory = unsafe opendir(path) else { throw failure("the directory cannot be listed") }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else { break }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            names.append(String(decoding: name, as: UTF8.self))
        }
        guard errno == 0 else { throw failure("the directory cannot be listed") }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Reads a file with the identity that it had when it was opened. A file that is written meanwhile has another
    /// one afterwards, so that the next load reads it again.
    static func readFile(_ path: String, limits: ConfigLimits) throws(DocumentProblems) -> (
        bytes: [UInt8], identity: Identity
    ) {
        do throws(DocumentError) {
            let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure("cannot be opened") }
            defer { close(descriptor) }
            var info = stat()
            guard unsafe fstat(descriptor, &info) == 0 else { throw failure("cannot be read") }
            let identity = Identity(info)
            if identity.isDirectory {
                throw DocumentError(.unreadable, at: .none, "is a directory: name it with -config-dir")
            }
            let bytes = try readAll(descriptor: descriptor, expecting: Int(identity.size), limits: limits)
            return (bytes, identity)
        } catch {
            throw DocumentProblems(error, file: path)
        }
    }

    private static func readAll(
        descriptor: Int32, expecting: Int = 0, limits: ConfigLimits
    ) throws(DocumentError) -> [UInt8] {
        guard expecting <= limits.maxFileBytes else { throw tooLarge(limits) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expecting)
        var chunk = [UInt8](repeating: 0, count: min(1 << 20, max(expecting + 1, 1 << 12)))
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe readSome(descriptor, into: $0) }
            guard count >= 0 else { throw failure("cannot be read") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limits.maxFileBytes else { throw tooLarge(limits) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func tooLarge(_ limits: ConfigLimits) -> DocumentError {
        DocumentError(.tooLarge, at: .none, "has more than \(limits.maxFileBytes) bytes, which is the limit of a file")
    }

    static func failure(_ what: String) -> DocumentError {
        let reason = unsafe strerror(errno).map { unsafe String(cString: $0) } ?? "error \(errno)"
        return DocumentError(.unreadable, at: .none, "\(what): \(reason)")
    }
}

private func readSome(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    while true {
        let count = unsafe read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 || errno != EINTR { return count }
    }
}
