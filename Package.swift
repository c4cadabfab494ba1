// swift-tools-version: 6.2
import PackageDescription

// The floors of the house, as data. A module names the modules it uses; an arrow that runs up, or to a
// floor that may not be reached from here, stops the build with a sentence. CONTRIBUTING.md has the map.

enum Floor: String {
    case system = "System"
    case proto = "Protocol"
    case domain = "Domain"
    case storage = "Storage"
    case transport = "Transport"
    case service = "Service"
    case app = "App"
    case tests = "Tests"

    /// The floors that a module of this one may use.
    var reaches: [Floor] {
        switch self {
        case .system: []
        case .proto: [.system, .proto]
        case .domain: [.domain]
        case .storage: [.domain, .storage]
        case .transport: [.system, .proto, .transport]
        case .service: [.proto, .domain, .storage, .transport, .service]
        case .app: [.proto, .domain, .storage, .transport, .service, .app]
        case .tests: [.system, .proto, .domain, .storage, .transport, .service, .app, .tests]
        }
    }
}

struct Module {
    var floor: Floor
    var name: String
    var uses: [String]
    var packages: [Target.Dependency]
    /// Extra folders below Tests/<floor> for test modules; empty for sources.
    var folder: String
    /// Files in the folder that are no sources.
    var exclude: [String] = []
    var isProgram = false
}

func module(
    _ floor: Floor, _ name: String, uses: [String] = [], packages: [Target.Dependency] = [], exclude: [String] = []
) -> Module {
    Module(
        floor: floor, name: name, uses: uses, packages: packages, folder: "Sources/\(floor.rawValue)/\(name)",
        exclude: exclude)
}

/// Tests of one module, in the folder that mirrors its place in Sources.
func tests(_ floor: Floor, of name: String, uses: [String] = [], packages: [Target.Dependency] = []) -> Module {
    Module(
        floor: .tests, name: "\(name)Tests", uses: [name] + uses, packages: packages,
        folder: "Tests/\(floor.rawValue)/\(name)Tests")
}

/// Tests of the whole: real daemons as processes.
func integration(_ name: String, uses: [String] = [], packages: [Target.Dependency] = []) -> Module {
    Module(floor: .tests, name: name, uses: uses, packages: packages, folder: "Tests/Integration/\(name)")
}

/// A program among the tests, such as the benchmark.
func program(_ name: String, in folder: String, uses: [String] = [], packages: [Target.Dependency] = []) -> Module {
    Module(
        floor: .tests, name: name, uses: uses, packages: packages, folder: "Tests/\(folder)/\(name)", isProgram: true)
}

func support(_ name: String, uses: [String] = [], packages: [Target.Dependency] = []) -> Module {
    Module(floor: .tests, name: name, uses: uses, packages: packages, folder: "Tests/Support/\(name)")
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioLocks: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let hashTrees: Target.Dependency = .product(name: "HashTreeCollections", package: "swift-collections")
let heaps: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let deques: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

/// Every module of the domain, for what composes them.
let domain = [
    "DocumentCore", "HCL", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "ACLCore", "StateCore",
    "ReplicationCore", "GatewayCore", "MeshCore", "NameCore", "HealthCore", "FilterCore",
]

let modules: [Module] = [
    module(.proto, "TLSEngine", uses: ["COpenSSL"], packages: [nioCore]),
    module(.proto, "HTTP2Engine", uses: ["CNGHTTP2"], packages: [nioCore]),
    module(.proto, "GRPCWire", packages: [nioCore]),
    module(.proto, "ClientHello"),
    module(.proto, "DNSWire"),
    module(.proto, "PeeringWire", packages: [nioCore, protobuf], exclude: ["Protos"]),

    module(.domain, "DocumentCore"),
    module(.domain, "HCL", uses: ["DocumentCore"]),
    module(.domain, "CatalogCore", uses: ["DocumentCore"]),
    module(.domain, "IdentityCore"),
    module(.domain, "PeeringCore", uses: ["DocumentCore", "IdentityCore"]),
    module(.domain, "ACLCore", uses: ["DocumentCore", "HCL", "IdentityCore", "PeeringCore"]),
    module(.domain, "ConfigCore", uses: ["DocumentCore", "CatalogCore", "IdentityCore", "ACLCore"]),
    module(
        .domain, "StateCore",
        uses: ["DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "ACLCore"],
        packages: [hashTrees]),
    module(
        .domain, "ReplicationCore",
        uses: ["DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "StateCore"]),

    module(
        .domain, "GatewayCore", uses: ["PeeringCore", "IdentityCore", "CatalogCore", "StateCore", "ReplicationCore"],
        packages: [heaps, deques]),

    module(
        .domain, "MeshCore",
        uses: [
            "DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "StateCore", "ReplicationCore",
        ]),

    module(
        .domain, "NameCore",
        uses: ["DocumentCore", "CatalogCore", "ConfigCore", "PeeringCore", "ACLCore", "StateCore"]),

    module(.domain, "HealthCore", uses: ["CatalogCore"], packages: [heaps, deques]),

    module(.domain, "FilterCore", uses: ["DocumentCore"]),

    module(.storage, "SQLiteStorage", uses: ["StateCore"], packages: [grdb]),

    module(.transport, "Listening", uses: ["CLinux"], packages: [nioCore]),
    module(.transport, "TLSTransport", uses: ["TLSEngine"], packages: [nioCore]),
    module(.transport, "GatewayRelay", uses: ["CLinux", "ClientHello"]),
    module(.transport, "GRPCTransport", uses: ["HTTP2Engine", "GRPCWire"], packages: [nioCore, nioLocks, nioPosix]),

    module(
        .service, "Observability", uses: ["IdentityCore", "Listening"],
        packages: [hummingbird, hummingbirdCore, nioCore, logging, lifecycle]),
    module(.service, "ConfigFiles", uses: ["HCL", "CatalogCore", "DocumentCore", "ConfigCore"], packages: [yams]),
    module(.service, "PeerStreamTranslation", uses: ["CatalogCore", "PeeringWire"], packages: [nioCore, protobuf]),
    module(
        .service, "IdentityService", uses: ["TLSEngine", "IdentityCore", "PeeringCore", "StateCore"],
        packages: [nioLocks, logging, lifecycle]),
    module(
        .service, "ReplicationService",
        uses: domain + ["PeeringWire", "GRPCWire", "GRPCTransport", "PeerStreamTranslation"],
        packages: [nioCore, nioLocks, logging, lifecycle]),
    module(
        .service, "CatalogService",
        uses: [
            "DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "StateCore", "ConfigFiles", "Observability",
        ],
        packages: [nioCore, nioPosix, logging, lifecycle, unixSignals]),
    module(
        .service, "PeeringService",
        uses: domain + [
            "Observability", "TLSEngine", "PeeringWire", "GRPCWire", "Listening", "TLSTransport", "GRPCTransport",
            "IdentityService", "ReplicationService",
        ],
        packages: [nioCore, nioLocks, logging, lifecycle]),
    module(
        .service, "ACLService",
        uses: ["DocumentCore", "IdentityCore", "PeeringCore", "ACLCore", "StateCore", "IdentityService"],
        packages: [nioPosix, logging, lifecycle]),
    module(
        .service, "GatewayService",
        uses: ["Observability", "PeeringCore", "StateCore", "GatewayCore", "ClientHello", "GatewayRelay"],
        packages: [nioLocks, nioPosix, logging, lifecycle]),
    module(
        .service, "HealthService",
        uses: [
            "CatalogCore", "IdentityCore", "PeeringCore", "StateCore", "HealthCore", "TLSEngine", "HTTP2Engine",
            "GRPCWire", "TLSTransport", "GRPCTransport",
        ],
        packages: [nioCore, nioLocks, nioPosix, nioHTTP1, logging]),
    module(
        .service, "DNSService",
        uses: [
            "CatalogCore", "IdentityCore", "ACLCore", "StateCore", "NameCore", "DNSWire", "Observability", "Listening",
        ],
        packages: [nioCore, nioPosix, lifecycle]),
    module(
        .service, "HTTPService",
        uses: domain + ["Observability", "TLSEngine", "Listening", "TLSTransport", "ACLService"],
        packages: [nioPosix, hummingbird, hummingbirdCore, nioCore, logging, lifecycle]),

    module(
        .app, "hawser",
        uses: domain + [
            "TLSEngine", "Listening", "TLSTransport", "SQLiteStorage", "Observability", "ConfigFiles",
            "PeerStreamTranslation", "IdentityService", "ReplicationService", "CatalogService", "PeeringService",
            "ACLService", "GatewayRelay", "GatewayService", "HealthService", "DNSService", "HTTPService",
        ],
        packages: [argumentParser, nioCore, nioPosix, nioHTTP1, logging, lifecycle, unixSignals]),

    support("ProcessTestKit"),
    support("TLSTestKit", uses: ["TLSEngine"], packages: [nioCore]),
    program(
        "hawser-bench", in: "Bench",
        uses: [
            "CatalogCore", "TLSEngine", "TLSTransport", "ConfigFiles", "PeerStreamTranslation", "TLSTestKit",
            "ProcessTestKit",
        ],
        packages: [nioCore, nioPosix]),
    program("hawser-gateway-bench", in: "Bench", uses: ["ProcessTestKit"]),
    support(
        "HawserTestKit",
        uses: domain + ["Observability", "ACLService", "HTTPService", "HealthService", "ReplicationService"],
        packages: [nioPosix, logging, lifecycle]),

    tests(.proto, of: "TLSEngine", uses: ["TLSTestKit"], packages: [nioCore]),
    tests(.proto, of: "HTTP2Engine", packages: [nioCore]),
    tests(.proto, of: "GRPCWire", packages: [nioCore]),
    tests(.proto, of: "ClientHello"),
    tests(.proto, of: "DNSWire"),
    tests(.proto, of: "PeeringWire", packages: [nioCore, protobuf]),
    tests(.domain, of: "DocumentCore"),
    tests(.domain, of: "HCL", uses: ["DocumentCore"]),
    tests(.domain, of: "CatalogCore"),
    tests(.domain, of: "ConfigCore", uses: ["CatalogCore", "DocumentCore", "IdentityCore", "ACLCore"]),
    tests(.domain, of: "IdentityCore"),
    tests(.domain, of: "PeeringCore", uses: ["IdentityCore"]),
    tests(.domain, of: "ACLCore", uses: ["DocumentCore", "IdentityCore", "PeeringCore"]),
    tests(
        .domain, of: "StateCore",
        uses: ["DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "HawserTestKit"]),
    tests(
        .domain, of: "ReplicationCore",
        uses: [
            "DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "StateCore", "HawserTestKit",
        ]),
    tests(
        .domain, of: "GatewayCore",
        uses: [
            "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "ReplicationCore", "StateCore", "HawserTestKit",
        ]),
    tests(
        .domain, of: "MeshCore",
        uses: [
            "DocumentCore", "CatalogCore", "ConfigCore", "IdentityCore", "PeeringCore", "StateCore", "ReplicationCore",
            "HawserTestKit",
        ]),
    tests(
        .domain, of: "NameCore",
        uses: [
            "CatalogCore", "ConfigCore", "DocumentCore", "IdentityCore", "PeeringCore", "ACLCore", "StateCore",
            "HawserTestKit",
        ]),
    tests(.domain, of: "HealthCore", uses: ["CatalogCore"]),
    tests(.domain, of: "FilterCore", uses: ["DocumentCore"]),
    tests(.storage, of: "SQLiteStorage", uses: ["StateCore"], packages: [grdb]),
    Module(
        floor: .tests, name: "StorageContractTests", uses: ["StateCore", "SQLiteStorage", "HawserTestKit"],
        packages: [],
        folder: "Tests/Storage/StorageContract"),
    tests(.transport, of: "Listening", packages: [nioCore, nioPosix]),
    tests(.transport, of: "GatewayRelay", uses: ["CLinux", "ClientHello"]),
    tests(.transport, of: "TLSTransport", uses: ["TLSEngine", "TLSTestKit"], packages: [nioCore, nioEmbedded]),
    tests(
        .transport, of: "GRPCTransport", uses: ["HTTP2Engine", "GRPCWire"],
        packages: [nioCore, nioLocks, nioPosix, nioEmbedded]),
    tests(.service, of: "Observability"),
    tests(.service, of: "ConfigFiles", uses: ["CatalogCore", "DocumentCore", "ConfigCore", "HawserTestKit"]),
    tests(.service, of: "PeerStreamTranslation", uses: ["CatalogCore", "PeeringWire"], packages: [nioCore, protobuf]),
    tests(
        .service, of: "IdentityService",
        uses: ["TLSEngine", "IdentityCore", "StateCore", "TLSTestKit", "HawserTestKit"],
        packages: [nioCore, logging, lifecycle]),
    tests(
        .service, of: "CatalogService",
        uses: ["CatalogCore", "ConfigCore", "IdentityCore", "StateCore", "ConfigFiles", "HawserTestKit"],
        packages: [logging]),
    tests(
        .service, of: "ReplicationService",
        uses: domain + ["PeeringWire", "PeerStreamTranslation", "HawserTestKit"],
        packages: [nioCore, nioLocks, logging, protobuf]),
    tests(
        .service, of: "PeeringService",
        uses: [
            "TLSEngine", "IdentityCore", "PeeringCore", "StateCore", "GRPCWire", "ReplicationCore",
            "ReplicationService", "HawserTestKit",
        ]),
    tests(
        .service, of: "HealthService",
        uses: ["CatalogCore", "HealthCore", "IdentityCore", "PeeringCore", "StateCore", "HawserTestKit"],
        packages: [nioCore]),
    tests(
        .service, of: "GatewayService", uses: ["PeeringCore", "ClientHello", "GatewayCore", "GatewayRelay"],
        packages: [logging, nioLocks]),
    tests(
        .service, of: "DNSService",
        uses: ["CatalogCore", "ACLCore", "NameCore", "StateCore", "HawserTestKit"],
        packages: [nioCore, nioPosix, nioEmbedded]),
    tests(
        .service, of: "ACLService",
        uses: ["DocumentCore", "IdentityCore", "PeeringCore", "ACLCore", "StateCore", "HawserTestKit"],
        packages: [logging]),
    tests(
        .service, of: "HTTPService",
        uses: domain + ["Observability", "Listening", "ACLService", "hawser", "HawserTestKit"],
        packages: [nioCore, nioEmbedded, nioHTTP1, logging]),
    integration(
        "IntegrationTests",
        uses: [
            "DocumentCore", "IdentityCore", "PeeringCore", "TLSEngine", "PeeringWire", "GRPCWire", "TLSTransport",
            "GRPCTransport", "ReplicationCore", "ReplicationService", "PeeringService", "hawser", "ProcessTestKit",
        ], packages: [nioCore, nioLocks, nioPosix]),
    tests(
        .app, of: "hawser", uses: domain + ["ConfigFiles", "HTTPService", "HawserTestKit"],
        packages: [argumentParser, logging, nioCore, nioPosix]),
]

// MARK: - From data to targets

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// CLinux is the C library itself, which comes with the compiler.
let systemLibraries: [(name: String, pkgConfig: String?, apt: [String])] = [
    ("COpenSSL", "openssl", ["libssl-dev"]),
    ("CNGHTTP2", "libnghttp2", ["libnghttp2-dev"]),
    ("CLinux", nil, []),
]

let floors: [String: Floor] = Dictionary(
    uniqueKeysWithValues: modules.map { ($0.name, $0.floor) } + systemLibraries.map { ($0.name, .system) })

func target(for module: Module, declaredBefore: Set<String>) -> Target {
    for used in module.uses {
        guard let floor = floors[used] else {
            fatalError("\(module.floor.rawValue)/\(module.name) uses \(used), which is not a module of this package")
        }
        guard module.floor.reaches.contains(floor) else {
            fatalError(
                "\(module.floor.rawValue)/\(module.name) may not use \(floor.rawValue)/\(used): the arrows point down")
        }
        guard declaredBefore.contains(used) else {
            fatalError("\(module.floor.rawValue)/\(module.name) uses \(used), which must be declared before it")
        }
    }
    let dependencies = module.uses.map { Target.Dependency.target(name: $0) } + module.packages
    switch module.floor {
    case .app,
        .tests where module.isProgram:
        return .executableTarget(
            name: module.name, dependencies: dependencies, path: module.folder, swiftSettings: settings)
    case .tests where module.name.hasSuffix("Tests"):
        return .testTarget(
            name: module.name, dependencies: dependencies, path: module.folder, swiftSettings: settings)
    default:
        return .target(
            name: module.name, dependencies: dependencies, path: module.folder, exclude: module.exclude,
            swiftSettings: settings)
    }
}

var declared = Set(systemLibraries.map(\.name))
var targets: [Target] = systemLibraries.map { library in
    .systemLibrary(
        name: library.name, path: "Sources/System/\(library.name)", pkgConfig: library.pkgConfig,
        providers: library.apt.isEmpty ? nil : [.apt(library.apt)])
}
for module in modules {
    targets.append(target(for: module, declaredBefore: declared))
    declared.insert(module.name)
}

let package = Package(
    name: "hawser",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-protobuf.git", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.1.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.6.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.20.0", traits: []),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.0.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.0.0"),
    ],
    targets: targets
)
