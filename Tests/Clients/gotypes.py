"""The structs that Consul's Go library decodes answers into."""

from golang import (
    anything,
    boolean,
    integer,
    list_of,
    map_of,
    number,
    pointer,
    port,
    string,
    struct,
    time,
    unsigned,
)

strings = list_of(string)
texts = map_of(string)

INDEXES = struct(CreateIndex=unsigned, ModifyIndex=unsigned)
LOCALITY = struct(Region=string, Zone=string)
ADDRESSES = map_of(struct(Address=string, Port=integer))
WEIGHTS = struct(Passing=integer, Warning=integer)
MESH_GATEWAY = struct(Mode=string)

NODE = struct(
    INDEXES, ID=string, Node=string, Address=string, Datacenter=string, TaggedAddresses=texts, Meta=texts,
    Partition=string, PeerName=string, Locality=pointer(LOCALITY),
)
UPSTREAM = struct(
    DestinationType=string, DestinationPartition=string, DestinationNamespace=string, DestinationPeer=string,
    DestinationName=string, Datacenter=string, LocalBindAddress=string, LocalBindPort=integer,
    LocalBindSocketPath=string, LocalBindSocketMode=string, Config=map_of(anything), MeshGateway=MESH_GATEWAY,
    CentrallyConfigured=boolean,
)
EXPOSE = struct(
    Checks=boolean,
    Paths=list_of(
        struct(ListenerPort=integer, Path=string, LocalPathPort=integer, Protocol=string, ParsedFromCheck=boolean)
    ),
)
PROXY = struct(
    EnvoyExtensions=list_of(map_of(anything)), DestinationServiceName=string, DestinationServiceID=string,
    LocalServiceAddress=string, LocalServicePort=integer, LocalServiceSocketPath=string, Mode=string,
    TransparentProxy=pointer(struct(OutboundListenerPort=integer, DialedDirectly=boolean)),
    Config=map_of(anything), Upstreams=list_of(UPSTREAM), MeshGateway=MESH_GATEWAY, Expose=EXPOSE,
    AccessLogs=pointer(struct(Enabled=boolean, DisableListenerLogs=boolean, Type=string)),
)
AGENT_SERVICE = struct(
    INDEXES, Kind=string, ID=string, Service=string, Tags=strings, Meta=texts, Port=integer, Address=string,
    SocketPath=string, TaggedAddresses=ADDRESSES, Weights=WEIGHTS, EnableTagOverride=boolean, ContentHash=string,
    Proxy=pointer(PROXY), Connect=pointer(struct(Native=boolean)), PeerName=string, Namespace=string,
    Partition=string, Datacenter=string, Locality=pointer(LOCALITY),
)
# Durations are read as text or as a number, and a missing one is none.
CHECK_DEFINITION = struct(
    HTTP=string, Header=map_of(strings), Method=string, Body=string, TLSServerName=string, TLSSkipVerify=boolean,
    TCP=string, TCPUseTLS=boolean, UDP=string, GRPC=string, OSService=string, GRPCUseTLS=boolean,
    Interval=anything, Timeout=anything, DeregisterCriticalServiceAfter=anything,
)
CHECK = struct(
    INDEXES, Node=string, CheckID=string, Name=string, Status=string, Notes=string, Output=string,
    ServiceID=string, ServiceName=string, ServiceTags=strings, Type=string, Namespace=string, Partition=string,
    ExposedPort=integer, PeerName=string, Definition=CHECK_DEFINITION,
)
AGENT_CHECK = struct(
    Node=string, CheckID=string, Name=string, Status=string, Notes=string, Output=string, ServiceID=string,
    ServiceName=string, Type=string, ExposedPort=integer, Definition=CHECK_DEFINITION,
)
SERVICE_ENTRY = struct(Node=NODE, Service=AGENT_SERVICE, Checks=list_of(CHECK))
CATALOG_SERVICE = struct(
    INDEXES, ID=string, Node=string, Address=string, Datacenter=string, TaggedAddresses=texts, NodeMeta=texts,
    ServiceID=string, ServiceName=string, ServiceAddress=string, ServiceTaggedAddresses=ADDRESSES,
    ServiceTags=strings, ServiceMeta=texts, ServicePort=integer, ServiceWeights=WEIGHTS,
    ServiceEnableTagOverride=boolean, ServiceProxy=pointer(PROXY), ServiceLocality=pointer(LOCALITY),
    Checks=list_of(CHECK), PeerName=string,
)
CATALOG_NODE = pointer(struct(Node=pointer(NODE), Services=map_of(AGENT_SERVICE)))
NODE_SERVICES = struct(Node=pointer(NODE), Services=list_of(AGENT_SERVICE))
SERVICE_HEALTH = struct(AggregatedStatus=string, Service=pointer(AGENT_SERVICE), Checks=list_of(CHECK))

# What `consul info` reads: anything two maps deep.
AGENT_SELF = map_of(map_of(anything))
MEMBER = struct(
    Name=string, Addr=string, Port=port, Tags=texts, Status=integer, ProtocolMin=port, ProtocolMax=port,
    ProtocolCur=port, DelegateMin=port, DelegateMax=port, DelegateCur=port,
)
METRICS = struct(
    Timestamp=string,
    Gauges=list_of(struct(Name=string, Value=number, Labels=texts)),
    Points=list_of(struct(Name=string, Points=list_of(number))),
    Counters=list_of(struct(Name=string, Count=integer, Sum=number, Labels=texts)),
    Samples=list_of(struct(Name=string, Count=integer, Sum=number, Labels=texts)),
)

PEERING = struct(
    INDEXES, ID=string, Name=string, Partition=string, DeletedAt=pointer(time), Meta=texts, State=string,
    PeerID=string, PeerCAPems=strings, PeerServerName=string, PeerServerAddresses=strings,
    StreamStatus=struct(
        ImportedServices=strings, ExportedServices=strings, LastHeartbeat=pointer(time), LastReceive=pointer(time),
        LastSend=pointer(time),
    ),
    Remote=struct(Partition=string, Datacenter=string, Locality=pointer(LOCALITY)),
)
PEERING_TOKEN = struct(PeeringToken=string)
EXPORTED_SERVICE = struct(
    Service=string, Partition=string, Namespace=string, Consumers=struct(Peers=strings, Partitions=strings)
)

CA_ROOTS = struct(
    ActiveRootID=string, TrustDomain=string,
    Roots=list_of(struct(
        INDEXES, ID=string, Name=string, SerialNumber=unsigned, SigningKeyID=string, ExternalTrustDomain=string,
        NotBefore=time, NotAfter=time, RootCert=string, IntermediateCerts=strings, Active=boolean,
        PrivateKeyType=string, PrivateKeyBits=integer,
    )),
)
CA_CONFIG = struct(
    INDEXES, Provider=string, Config=map_of(anything), State=texts, ForceWithoutCrossSigning=boolean
)
INTENTION = struct(
    INDEXES, ID=string, Description=string, SourceNS=string, SourceName=string, DestinationNS=string,
    DestinationName=string, SourcePartition=string, DestinationPartition=string, SourcePeer=string,
    SourceType=string, Action=string, Permissions=list_of(map_of(anything)), DefaultAddr=string,
    DefaultPort=integer, Meta=texts, Precedence=integer, CreatedAt=time, UpdatedAt=time, Hash=string,
)
RAFT_CONFIGURATION = struct(
    Index=unsigned,
    Servers=list_of(struct(
        ID=string, Node=string, Address=string, Leader=boolean, ProtocolVersion=string, Voter=boolean,
        LastIndex=unsigned,
    )),
)

ACL_LINK = struct(ID=string, Name=string)
SERVICE_IDENTITY = struct(ServiceName=string, Datacenters=strings)
NODE_IDENTITY = struct(NodeName=string, Datacenter=string)
ACL_TOKEN = struct(
    INDEXES, AccessorID=string, SecretID=string, Description=string, Policies=list_of(ACL_LINK),
    Roles=list_of(ACL_LINK), ServiceIdentities=list_of(SERVICE_IDENTITY), NodeIdentities=list_of(NODE_IDENTITY),
    Local=boolean, AuthMethod=string, ExpirationTTL=integer, ExpirationTime=pointer(time), CreateTime=time,
    Hash=string, Namespace=string, Partition=string, AuthMethodNamespace=string,
)
ACL_POLICY = struct(
    INDEXES, ID=string, Name=string, Description=string, Rules=string, Datacenters=strings, Hash=string,
    Namespace=string, Partition=string,
)
ACL_ROLE = struct(
    INDEXES, ID=string, Name=string, Description=string, Policies=list_of(ACL_LINK),
    ServiceIdentities=list_of(SERVICE_IDENTITY), NodeIdentities=list_of(NODE_IDENTITY),
)
ACL_TOKEN_EXPANDED = struct(
    ACL_TOKEN, ExpandedPolicies=list_of(ACL_POLICY), ExpandedRoles=list_of(ACL_ROLE),
    NamespaceDefaultPolicyIDs=strings, NamespaceDefaultRoleIDs=strings, AgentACLDefaultPolicy=string,
    AgentACLDownPolicy=string, ResolvedByAgent=string,
)
