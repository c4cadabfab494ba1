"""Redeeming tokens (protocol sections 1.1 and 1.5)."""

import base64
import json

import grpc
import pytest

from standin import wire
from standin.acceptor import Acceptor
from standin.authority import Authority
from standin.dialer import decode_token, encode_token

REGENERATE = (
    "a new peering token must be generated: invalid peering establishment secret"
)


# Section 12 counts Consul's 500 for user mistakes among its pains.
MISTAKE = (400, 500)


def refused(hawser, token, text, peer="standin", status=MISTAKE):
    """Redeeming fails with this text, and nothing is there afterwards."""
    before = stored(hawser)
    answer = hawser.establish(token, peer)
    assert answer.status in status, answer
    assert text in answer.text
    assert stored(hawser) == before


def stored(hawser):
    """The peerings without what their streams do meanwhile."""
    peerings = hawser.get("/v1/peerings")
    live = ("StreamStatus", "Hawser", "State")
    return [
        {key: value for key, value in peering.items() if key not in live}
        for peering in peerings
    ]


def unencoded(text):
    return base64.b64encode(text.encode()).decode()


# 1.1, the encoding


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda token: "*" + token[1:], id="foreign-character"),
        pytest.param(lambda token: token[:8] + " " + token[8:], id="space"),
        pytest.param(lambda token: token[:-1], id="cut-off"),
        pytest.param(lambda token: token.rstrip("=")[:-2], id="unpadded"),
        pytest.param(lambda token: token + "====", id="too-much-padding"),
        pytest.param(lambda token: "not a token", id="words"),
    ],
)
def test_what_is_not_base64_is_not_decoded(make_hawser, acceptor, damage):
    hawser = make_hawser()
    # So that padding is needed.
    fields = acceptor.token_fields()
    while not encode_token(fields).endswith("=="):
        fields["EstablishmentSecret"] += "x"
    token = encode_token(fields)
    refused(hawser, damage(token), "failed to decode token: ")
    assert acceptor.exchanges == []


def test_the_url_safe_alphabet_is_refused(make_hawser, acceptor):
    hawser = make_hawser()
    # Enough of what is written as `/` and `+`.
    token = acceptor.token(Remote={"Datacenter": "?>~" * 9, "Partition": "ÿþ>>>???"})
    assert "/" in token or "+" in token
    url_safe = token.replace("+", "-").replace("/", "_")
    refused(hawser, url_safe, "failed to decode token: ")


@pytest.mark.parametrize(
    "text",
    ["", "hello", "{", '{"CA":', '{"PeerID":7}', '"text"', "[1]", '{"CA":"pem"}'],
)
def test_what_is_not_a_tokens_json_is_refused(make_hawser, text):
    hawser = make_hawser()
    answer = hawser.establish(unencoded(text) or "=")
    assert answer.status in MISTAKE
    assert hawser.get("/v1/peerings") == []


def test_line_breaks_in_the_base64_are_skipped(make_hawser, acceptor):
    hawser = make_hawser()
    token = acceptor.token()
    lines = [token[i : i + 64] for i in range(0, len(token), 64)]
    assert hawser.establish("\r\n".join(lines) + "\r\n").status == 200
    assert acceptor.accept().opening()


def test_unknown_keys_are_ignored(make_hawser, acceptor):
    """Observed 34."""
    hawser = make_hawser()
    token = acceptor.token(Expires="2030-01-01", Note=None, More={"a": [1, {"b": 2}]})
    assert hawser.establish(token).status == 200
    assert acceptor.accept().opening()


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_keys_are_matched_without_regard_to_case(make_hawser, acceptor, change):
    hawser = make_hawser()
    fields = {change(key): value for key, value in acceptor.token_fields().items()}
    assert hawser.establish(encode_token(fields)).status == 200
    assert acceptor.accept().opening().PeerID == acceptor.peer_id


@pytest.mark.parametrize(
    "missing",
    [("ManualServerAddresses",), ("Remote",), ("ManualServerAddresses", "Remote")],
)
def test_old_tokens_lack_some_keys(make_hawser, acceptor, missing):
    hawser = make_hawser()
    fields = acceptor.token_fields()
    for key in missing:
        del fields[key]
    assert hawser.establish(encode_token(fields)).status == 200
    assert acceptor.accept().opening()


def test_white_space_in_the_json_does_not_matter(make_hawser, acceptor):
    hawser = make_hawser()
    token = unencoded(json.dumps(acceptor.token_fields(), indent=4))
    assert hawser.establish(token).status == 200


def test_what_the_token_says_is_shown(make_hawser, acceptor, authority):
    hawser = make_hawser()
    locality = {"Region": "north", "Zone": "north-1"}
    remote = {"Partition": "", "Datacenter": "standin", "Locality": locality}
    assert hawser.establish(acceptor.token(Remote=remote)).status == 200
    acceptor.accept()
    peering = hawser.peering()
    assert peering["PeerID"] == acceptor.peer_id
    assert peering["PeerCAPems"] == [authority.root_pem]
    assert peering["PeerServerName"] == authority.server_name
    assert peering["PeerServerAddresses"] == [acceptor.address]
    assert peering["Remote"] == remote
    assert acceptor.stream_secret not in json.dumps(peering)


def test_no_ca_means_plain_text(make_hawser, authority):
    """Observed 5."""
    hawser = make_hawser()
    with Acceptor(authority, is_plain=True) as acceptor:
        token = acceptor.token(ServerName="")
        assert decode_token(token)["CA"] is None
        stream = acceptor.connect(hawser, ServerName="")
        assert stream.opening().StreamSecretID == acceptor.stream_secret
        stream.expect_ack(stream.upsert_list("web"))
        assert hawser.state() == "ACTIVE"
        assert "PeerCAPems" not in hawser.peering()


def test_several_roots_are_all_trusted(make_hawser, acceptor, authority):
    """During a rotation the token carries both."""
    hawser = make_hawser()
    roots = [Authority().root_pem, authority.root_pem]
    stream = acceptor.connect(hawser, CA=roots)
    stream.expect_ack(stream.upsert_list())
    assert hawser.peering()["PeerCAPems"] == roots


@pytest.mark.parametrize("more", [Authority().root.key_pem, "\nnotes of an operator\n"])
def test_of_a_ca_entry_only_the_first_block_is_checked(make_hawser, acceptor, more):
    """1.5, 4."""
    hawser = make_hawser()
    stream = acceptor.connect(hawser, CA=[acceptor.authority.root_pem + more])
    stream.expect_ack(stream.upsert_list())


def test_all_certificates_of_a_ca_entry_are_trusted(make_hawser, acceptor):
    """5.3."""
    hawser = make_hawser()
    both = Authority().root_pem + acceptor.authority.root_pem
    stream = acceptor.connect(hawser, CA=[both])
    stream.expect_ack(stream.upsert_list())


# 1.5, the checks


def not_a_certificate():
    key = Authority().root.key_pem
    empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    return key, empty


KEY, EMPTY_CERTIFICATE = not_a_certificate()
INVALID_CA = "peering token invalid CA: "


def bad_fields():
    def address(text, manual=False):
        key = "ManualServerAddresses" if manual else "ServerAddresses"
        return {key: [text]}, f"{text} is not a valid peering server address"

    yield "no-pem", {"CA": ["hello"]}, INVALID_CA + "no PEM-encoded data found"
    yield "empty-pem", {"CA": [""]}, INVALID_CA + "no PEM-encoded data found"
    yield (
        "key-for-a-ca",
        {"CA": [KEY]},
        INVALID_CA + "first PEM-block should be CERTIFICATE type",
    )
    yield "pem-of-nothing", {"CA": [EMPTY_CERTIFICATE]}, INVALID_CA
    empty = "peering token server addresses value is empty"
    yield "no-addresses", {"ServerAddresses": None}, empty
    yield (
        "empty-addresses",
        {"ServerAddresses": [], "ManualServerAddresses": []},
        empty,
    )
    for text in (
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "2001:db8::1:8503",
        "[2001:db8::1]",
        "[2001:db8::1",
        "[2001:db8::1]8503",
        "",
    ):
        yield f"address-{text}", *address(text)
    yield "manual-address", *address("127.0.0.1:x", manual=True)
    yield (
        "no-server-name",
        {"ServerName": ""},
        "peering token server name value is empty",
    )
    yield "no-peer-id", {"PeerID": ""}, "peering token peer ID value is empty"


@pytest.mark.parametrize(
    "changed, text", [pytest.param(*row[1:], id=row[0]) for row in bad_fields()]
)
def test_a_token_with_a_bad_field_is_refused(make_hawser, acceptor, changed, text):
    hawser = make_hawser()
    refused(hawser, acceptor.token(**changed), text)
    assert acceptor.exchanges == []


def test_the_second_of_two_addresses_is_looked_at_too(make_hawser, acceptor):
    hawser = make_hawser()
    addresses = [acceptor.address, "nowhere"]
    refused(
        hawser,
        acceptor.token(ServerAddresses=addresses),
        "nowhere is not a valid peering server address",
    )


def test_server_addresses_are_checked_even_if_manual_ones_win(make_hawser, acceptor):
    hawser = make_hawser()
    token = acceptor.token(
        ManualServerAddresses=[acceptor.address], ServerAddresses=["nowhere"]
    )
    refused(hawser, token, "nowhere is not a valid peering server address")


def test_an_empty_host_passes(make_hawser, acceptor):
    """1.5, 6: as in Go, it is this machine."""
    hawser = make_hawser()
    token = acceptor.token(ServerAddresses=[f":{acceptor.port}"])
    answer = hawser.establish(token)
    assert "is not a valid peering server address" not in answer.text


def test_checks_come_in_their_order(make_hawser, acceptor):
    """Each step repairs what the last refusal named."""
    hawser = make_hawser(files={})
    name = "standin"
    fields = acceptor.token_fields(
        CA=["hello"], ServerAddresses=None, ServerName="", PeerID=""
    )

    def text(peer=name, token=None, **body):
        body |= {"PeerName": peer, "PeeringToken": token or encode_token(fields)}
        answer = hawser.api("POST", "/v1/peering/establish", body)
        assert answer.status in MISTAKE
        return answer.text

    bad_meta = {"Meta": {"bad key": "x"}}
    assert "BAD is not a valid peer name" in text("BAD", "***", **bad_meta)
    assert "failed to decode token" in text(token="***", **bad_meta)
    assert INVALID_CA in text(**bad_meta)
    fields["CA"] = [acceptor.authority.root_pem]
    assert "server addresses value is empty" in text(**bad_meta)
    fields |= {"ServerAddresses": ["late:0"], "ManualServerAddresses": ["soon:0"]}
    assert "soon:0 is not a valid peering server address" in text(**bad_meta)
    fields["ManualServerAddresses"] = None
    assert "late:0 is not a valid peering server address" in text(**bad_meta)
    fields["ServerAddresses"] = [acceptor.address]
    assert "server name value is empty" in text(**bad_meta)
    own = decode_token(hawser.token("somebody"))
    fields["ServerName"] = own["ServerName"]
    assert "peer ID value is empty" in text(**bad_meta)
    fields["PeerID"] = acceptor.peer_id
    assert "meta tags failed validation: " in text("somebody", **bad_meta)
    assert "cannot create a peering within the same cluster" in text("somebody")
    fields["ServerName"] = acceptor.authority.server_name
    assert "there is an existing peering expecting to be dialed" in text("somebody")
    assert acceptor.exchanges == []
    answer = hawser.establish(encode_token(fields), name)
    assert answer.status == 200, answer.text


@pytest.mark.parametrize(
    "name", ["Upper", "-a", "a-", "a_b", "a.b", "a b", "ä", "x" * 64, "a\n"]
)
def test_bad_names_are_refused(make_hawser, acceptor, name):
    hawser = make_hawser()
    shown = name.replace("\n", "\\u000A")
    text = f"{shown} is not a valid peer name: a valid peering name must consist of"
    text += " lower case alphanumeric characters or '-', and must start and end with"
    text += " an alphanumeric character"
    refused(hawser, acceptor.token(), text, peer=name)


@pytest.mark.parametrize("name", ["a", "0", "a-b", "x" * 63, "0-9"])
def test_good_names_are_taken(make_hawser, acceptor, name):
    hawser = make_hawser()
    assert hawser.establish(acceptor.token(), name).status == 200
    assert acceptor.accept().opening()
    assert hawser.peering(name)["Name"] == name


@pytest.mark.parametrize(
    "meta, detail",
    [
        (
            {f"k{number}": "v" for number in range(65)},
            "Node metadata cannot contain more than 64 key/value pairs",
        ),
        (
            {"a b": "v"},
            "Couldn't load metadata pair ('a b', 'v'): Key contains invalid characters",
        ),
        ({"k" * 129: "v"}, "Key is too long"),
        ({"k": "v" * 513}, "Value is too long"),
        ({"consul-x": "v"}, "Couldn't load metadata pair ('consul-x', 'v'): "),
        ({"": "v"}, "Couldn't load metadata pair ('', 'v'): "),
    ],
)
def test_bad_meta_is_refused(make_hawser, acceptor, meta, detail):
    hawser = make_hawser()
    body = {"PeerName": "standin", "PeeringToken": acceptor.token(), "Meta": meta}
    answer = hawser.api("POST", "/v1/peering/establish", body)
    assert answer.status in MISTAKE
    assert answer.text.startswith("meta tags failed validation: ")
    assert detail in answer.text
    assert acceptor.exchanges == []
    assert hawser.get("/v1/peerings") == []


def test_good_meta_is_kept(make_hawser, acceptor):
    hawser = make_hawser()
    meta = {f"k{number}": "v" * 512 for number in range(63)} | {"K_-" + "k" * 125: ""}
    body = {"PeerName": "standin", "PeeringToken": acceptor.token(), "Meta": meta}
    assert hawser.api("POST", "/v1/peering/establish", body).status == 200
    assert hawser.peering()["Meta"] == meta


def test_a_cluster_does_not_peer_with_itself(make_hawser):
    hawser = make_hawser()
    token = hawser.token("somebody")
    name = decode_token(token)["ServerName"]
    refused(
        hawser,
        token,
        f'cannot create a peering within the same cluster "{name}". Refer to the'
        " `exported-services` documentation if you want to export between partitions"
        " without peering",
        peer="myself",
    )


def test_a_name_that_expects_to_be_dialed_does_not_dial(make_hawser, acceptor):
    hawser = make_hawser()
    hawser.token("standin")
    refused(
        hawser,
        acceptor.token(),
        'cannot create peering with name: "standin"; there is an existing peering'
        " expecting to be dialed",
    )
    assert acceptor.exchanges == []


def test_a_name_that_dials_makes_no_token(make_hawser, acceptor):
    """1.3, from the other end."""
    hawser = make_hawser()
    acceptor.connect(hawser)
    answer = hawser.api("POST", "/v1/peering/token", {"PeerName": "standin"})
    assert answer.status in MISTAKE
    text = 'cannot create peering with name: "standin"; there is already an established'
    assert text in answer.text


def test_two_names_may_hold_tokens_of_one_cluster(make_hawser, authority):
    """1.5: not detected."""
    hawser = make_hawser()
    with Acceptor(authority) as one, Acceptor(authority) as two:
        one.connect(hawser, "one")
        two.connect(hawser, "two")
        assert hawser.state("one") == hawser.state("two") == "ACTIVE"


# Secrets that do not work


def test_a_used_token_needs_a_new_one(make_hawser, acceptor):
    hawser = make_hawser()
    token = acceptor.token()
    acceptor.connect(hawser)
    refused(hawser, token, REGENERATE, peer="another", status=[403])
    assert len(acceptor.exchanges) == 2


def test_a_replaced_token_needs_a_new_one(make_hawser, acceptor):
    hawser = make_hawser()
    old = acceptor.token()
    acceptor.renew()
    refused(hawser, old, REGENERATE, status=[403])
    assert hawser.establish(acceptor.token()).status == 200


def test_a_used_token_does_not_harm_the_peering_that_stands(make_hawser, acceptor):
    hawser = make_hawser()
    token = acceptor.token()
    stream = acceptor.connect(hawser)
    stream.expect_ack(stream.upsert_service("web", wire.instance("web")))
    before = hawser.peering()
    answer = hawser.establish(token)
    assert (answer.status, answer.text) == (403, REGENERATE)
    after = hawser.peering()
    for key in ("ID", "State", "PeerID", "PeerServerAddresses", "PeerCAPems"):
        assert after[key] == before[key]
    stream.expect_ack(stream.upsert_list("web"))


def test_the_command_says_why(make_hawser, acceptor):
    hawser = make_hawser()
    acceptor.refuse_exchange = [
        (
            grpc.StatusCode.PERMISSION_DENIED,
            "invalid peering establishment secret",
        )
    ]
    outcome = hawser.cli(
        *("peering", "establish", "-name", "standin", "-peering-token-file", "-"),
        stdin=acceptor.token(),
    )
    assert outcome.code == 1
    assert REGENERATE in outcome.errors


@pytest.mark.parametrize(
    "body, text",
    [
        (
            {"PeeringToken": "x"},
            "PeerName is required in the payload when establishing",
        ),
        (
            {"PeerName": "x"},
            "PeeringToken is required in the payload when establishing",
        ),
        (
            {"PeerName": "x", "Peer": 1},
            'Body decoding failed: json: unknown field "Peer"',
        ),
    ],
)
def test_requests_that_are_none_are_400(make_hawser, body, text):
    """8.1."""
    answer = make_hawser().api("POST", "/v1/peering/establish", body)
    assert answer.status == 400
    assert text in answer.text
