"""Files that are read again without being asked for."""

import os

from standin.waiting import eventually


def names(hawser):
    return sorted(hawser.get("/v1/agent/services"))


def test_files_are_read_again_when_they_change(make_hawser):
    hawser = make_hawser(agent={"auto_reload_config": True})
    hawser.write("web.json", {"service": {"name": "web"}})
    eventually(lambda: names(hawser) == ["web"], "a new file is read")

    # As editors and deployments do it.
    (hawser.config / ".web.tmp").write_text('service { name = "api" }')
    os.rename(hawser.config / ".web.tmp", hawser.config / "web.hcl")
    eventually(lambda: names(hawser) == ["api", "web"], "a renamed file is read")

    hawser.write("web.json", None)
    eventually(lambda: names(hawser) == ["api"], "a file that went is noticed")


def test_a_broken_file_changes_nothing_until_it_is_mended(make_hawser):
    hawser = make_hawser(agent={"auto_reload_config": True})
    hawser.write("web.json", {"service": {"name": "web"}})
    eventually(lambda: names(hawser) == ["web"], "the file is read")
    hawser.write("web.json", '{"service": {"name": "web", "prot": 1}}')
    eventually(lambda: "the reload was refused" in hawser.log, "it is said")
    assert "web.json:1:29: service.prot: unknown key `prot`; did you mean `port`?" in hawser.log
    assert names(hawser) == ["web"]
    hawser.write("web.json", {"service": {"name": "web", "port": 7}})
    eventually(
        lambda: hawser.get("/v1/agent/services")["web"]["Port"] == 7, "the mended file is read"
    )


def test_nothing_is_read_unasked_without_the_setting(make_hawser):
    hawser = make_hawser()
    hawser.write("web.json", {"service": {"name": "web"}})
    assert "reload: service" not in hawser.log
    hawser.reload()
    assert names(hawser) == ["web"]
