"""`mapping suggest --ask`: a language model adds candidates with its reasons and sees no value unasked."""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from he_sync.cli.main import main

SOURCE = "public_id,grid_color\n100001,Crimson\n100002,Teal\n"
TARGET = "PartNum,Zone,UserChar1\n100120,N1,\n100121,S2,\n"


class Model(BaseHTTPRequestHandler):
    """Answers what `answer` of its server says and keeps what it was asked."""

    def do_POST(self):
        size = int(self.headers["content-length"])
        self.server.asked.append((self.path, dict(self.headers), json.loads(self.rfile.read(size))))
        content = json.dumps(self.server.answer) if not isinstance(self.server.answer, str) else self.server.answer
        body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def model():
    server = HTTPServer(("127.0.0.1", 0), Model)
    server.asked, server.status = [], 200
    server.answer = {"pairs": [{"source": "grid_color", "target": "UserChar1", "reason": "a shade is a colour"}]}
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(monkeypatch, tmp_path, capsys, model):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "source.csv").write_text(SOURCE)
    (tmp_path / "target.csv").write_text(TARGET)
    address = f"http://127.0.0.1:{model.server_address[1]}/v1"

    def call(*words, ask=True):
        words = [
            "source.csv",
            "target.csv",
            "--out",
            "out.json",
            "--top",
            "1",
            *(["--ask", address] if ask else []),
            *words,
        ]
        monkeypatch.setattr(sys, "argv", ["he-sync", "mapping", "suggest", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        found = json.loads((tmp_path / "out.json").read_text())
        return ended.value.code, {one["source"]: one for one in found}, capsys.readouterr().err

    return call


def test_nobody_is_asked_unless_an_address_is_given(run, model):
    assert run(ask=False)[0] == 0
    assert model.asked == []


def test_its_candidate_stands_behind_ours_with_its_reason_and_nothing_else_changes(run):
    _, before, _ = run(ask=False)
    _, after, _ = run()
    added = after["grid_color"]["candidates"].pop()
    assert added == {"target": "UserChar1", "score": 0.0, "reason": "language model: a shade is a colour"}
    assert after == before


def test_it_sees_names_and_types_and_values_only_where_that_is_allowed(run, model, monkeypatch):
    monkeypatch.setenv("HE_MODEL_KEY", "k1")
    run()
    run("--show-values")
    (path, headers, first), (_, _, second) = model.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer k1"
    assert "grid_color" in json.dumps(first)
    assert not any(value in json.dumps(first) for value in ("Crimson", "100120", "S2"))
    assert "Crimson" in json.dumps(second)


def test_what_it_makes_up_or_a_person_rejected_is_not_added(run, model, tmp_path):
    (tmp_path / "m.json").write_text('{"accepted": [], "rejected": [{"source": "grid_color", "target": "UserChar1"}]}')
    model.answer["pairs"] += [{"source": "grid_color", "target": "Hue", "reason": "x"},
                              {"source": "nothing", "target": "Zone", "reason": "x"}]  # fmt: skip
    _, before, _ = run("--memory", "m.json", ask=False)
    assert run("--memory", "m.json")[1] == before


@pytest.mark.parametrize(("status", "answer"), [(500, "{}"), (200, "I cannot do that"), (200, '{"pairs": [1]}')])
def test_where_it_fails_ours_stand_and_one_line_says_so(run, model, status, answer):
    model.status, model.answer = status, answer
    code, found, error = run()
    assert (code, error.count("\n")) == (0, 1)
    assert "left out" in error
    assert found["grid_color"]["candidates"]
