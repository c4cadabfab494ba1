"""The messages of the peering port (protocol section 3) and short ways to make them."""

import peering_pb2
import rpc_status_pb2
import stream_pb2
from google.protobuf import any_pb2

SERVICE = "hashicorp.consul.internal.peerstream.PeerStreamService"
STREAM_RESOURCES = f"/{SERVICE}/StreamResources"
EXCHANGE_SECRET = f"/{SERVICE}/ExchangeSecret"

_PREFIX = "type.googleapis.com/hashicorp.consul.internal."
EXPORTED_SERVICE = _PREFIX + "peerstream.ExportedService"
SERVICE_LIST = _PREFIX + "peerstream.ExportedServiceList"
TRUST_BUNDLE = _PREFIX + "peering.PeeringTrustBundle"
SERVER_ADDRESSES = _PREFIX + "peering.PeeringServerAddresses"
LEADER_ADDRESS = _PREFIX + "peerstream.LeaderAddress"

ACCEPTOR_KINDS = [EXPORTED_SERVICE, SERVICE_LIST, TRUST_BUNDLE]
DIALER_KINDS = ACCEPTOR_KINDS + [SERVER_ADDRESSES]

UPSERT = 1

Message = stream_pb2.ReplicationMessage
ExportedService = stream_pb2.ExportedService
ExportedServiceList = stream_pb2.ExportedServiceList
ExchangeSecretRequest = stream_pb2.ExchangeSecretRequest
ExchangeSecretResponse = stream_pb2.ExchangeSecretResponse
TrustBundle = peering_pb2.PeeringTrustBundle
ServerAddresses = peering_pb2.PeeringServerAddresses

_TYPES = {
    EXPORTED_SERVICE: ExportedService,
    SERVICE_LIST: ExportedServiceList,
    TRUST_BUNDLE: TrustBundle,
    SERVER_ADDRESSES: ServerAddresses,
}


def open_(peer_id, secret, datacenter="standin"):
    message = Message()
    message.open.PeerID = peer_id
    message.open.StreamSecretID = secret
    message.open.Remote.Datacenter = datacenter
    return message


def request(url, peer_id="", nonce="", error=None):
    """A subscription, ACK or NACK; `error` is a code and a text."""
    message = Message()
    message.request.SetInParent()
    message.request.ResourceURL = url
    message.request.PeerID = peer_id
    message.request.ResponseNonce = nonce
    if error is not None:
        message.request.Error.code, message.request.Error.message = error
    return message


def ack(response):
    """The acknowledgement of a received Response."""
    return request(response.ResourceURL, nonce=response.Nonce)


def nack(response, code=3, text="no"):
    return request(response.ResourceURL, nonce=response.Nonce, error=(code, text))


def response(url, resource_id, resource, nonce, operation=UPSERT, any_url=None):
    """One resource; `resource` is a message, its bytes, or None for no content."""
    message = Message()
    message.response.Nonce = nonce
    message.response.ResourceURL = url
    message.response.ResourceID = resource_id
    message.response.operation = operation
    if resource is not None:
        if not isinstance(resource, bytes):
            resource = resource.SerializeToString(deterministic=True)
        packed = any_pb2.Any(type_url=any_url or url, value=resource)
        message.response.Resource.CopyFrom(packed)
    return message


def terminated():
    message = Message()
    message.terminated.SetInParent()
    return message


def heartbeat():
    message = Message()
    message.heartbeat.SetInParent()
    return message


def unpack(response_):
    """The resource inside a received Response."""
    resource = _TYPES[response_.ResourceURL]()
    assert response_.Resource.type_url == response_.ResourceURL
    resource.ParseFromString(response_.Resource.value)
    return resource


def instance(
    service,
    instance_id=None,
    node="remote-node",
    address="10.9.8.7",
    port=80,
    status="passing",
    datacenter="standin",
):
    """An instance as an exporter sends it: one flattened check, empty EnterpriseMeta."""
    exported = ExportedService().Nodes.add()
    instance_id = f"{service}-1" if instance_id is None else instance_id
    exported.Node.Node = node
    exported.Node.Address = address
    exported.Node.Datacenter = datacenter
    exported.Service.ID = instance_id
    exported.Service.Service = service
    exported.Service.Port = port
    exported.Service.Weights.Passing = 1
    exported.Service.Weights.Warning = 1
    exported.Service.EnterpriseMeta.SetInParent()
    if status is not None:
        check = exported.Checks.add()
        check.Node = node
        check.CheckID = f"{instance_id}:overall-check"
        check.Name = "overall-check"
        check.Status = status
        check.ServiceID = instance_id
        check.ServiceName = service
        check.EnterpriseMeta.SetInParent()
    return exported


def exported_service(*instances):
    exported = ExportedService()
    for item in instances:
        exported.Nodes.add().CopyFrom(item)
    return exported


def service_list(*names):
    return ExportedServiceList(Services=names)


def leader_status(code, text, address):
    """`grpc-status-details-bin` of a follower that names its leader."""
    leader = stream_pb2.LeaderAddress(address=address)
    status = rpc_status_pb2.Status(code=code, message=text)
    status.details.add(type_url=LEADER_ADDRESS, value=leader.SerializeToString())
    return status.SerializeToString()
