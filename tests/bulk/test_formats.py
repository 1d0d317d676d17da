"""The bytes of each format: input, output and rejected rows."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cfsign import Signer, TrustedKeyGroup

from .conftest import LATER, Command

URL = "https://media.example.com/a.jpg"
OTHER = "https://media.example.com/b,c.jpg?x=1"

RunProcess = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def signed(signer: Signer) -> Callable[[str], bytes]:
    """A function that returns the signed URL as bytes."""
    return lambda url: signer.sign_url(url, expires_at=LATER).encode()


def read_errors(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_lines_keep_their_endings_and_numbers(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes]
) -> None:
    (folder / "in.txt").write_bytes(f"{URL}\n\n{OTHER}\r\n  \n{URL}".encode())
    assert sign_many("in.txt", "out.txt") == 0
    assert (folder / "out.txt").read_bytes() == (
        signed(URL) + b"\n\n" + signed(OTHER) + b"\r\n  \n" + signed(URL)
    )


def test_byte_order_mark_is_copied(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes]
) -> None:
    (folder / "in.txt").write_bytes(b"\xef\xbb\xbf" + URL.encode() + b"\n")
    assert sign_many("in.txt", "out.txt") == 0
    assert (folder / "out.txt").read_bytes() == b"\xef\xbb\xbf" + signed(URL) + b"\n"


def test_rejected_line_is_reported_and_the_others_are_signed(
    sign_many: Command,
    folder: Path,
    signed: Callable[[str], bytes],
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = b"https://media.example.com/\xff\xe4.jpg"
    (folder / "in.txt").write_bytes(URL.encode() + b"\n" + bad + b"\r\n" + URL.encode() + b"\n")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 1
    assert (folder / "out.txt").read_bytes() == (signed(URL) + b"\n") * 2
    (error,) = read_errors(folder / "bad.jsonl")
    assert error["line"] == 2
    assert str(error["record"]).encode("utf-8", "surrogateescape") == bad
    messages = capsys.readouterr().err
    assert f"cfsign: line 2: {error['error']}\n" in messages
    assert "cfsign: 2 signed, 1 rejected\n" in messages


def test_without_an_errors_file_all_rejected_lines_are_reported(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text("x\n" * 30)
    assert sign_many("in.txt", "out.txt") == 1
    assert capsys.readouterr().err.count(": the URL is relative") == 30
    assert (folder / "out.txt").read_bytes() == b""


def test_with_an_errors_file_ten_rejected_lines_are_reported(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text("x\n" * 30)
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 1
    messages = capsys.readouterr().err
    assert messages.count(": the URL is relative") == 10
    assert "more rows are rejected; bad.jsonl lists all of them" in messages
    assert [error["line"] for error in read_errors(folder / "bad.jsonl")] == list(range(1, 31))


def test_without_rejected_rows_the_errors_file_is_empty(sign_many: Command, folder: Path) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "bad.jsonl").write_text("of yesterday")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 0
    assert (folder / "bad.jsonl").read_text() == ""


def test_csv_gets_a_column_and_other_bytes_are_copied(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes]
) -> None:
    rows = [
        b'\xef\xbb\xbf"id",url, note ,"a ""b"""\r\n',
        b"007," + URL.encode() + b',"two\r\nlines",1.10\r\n',
        b'"",' + b'"' + OTHER.encode() + b'"' + b", caf\xe9 ,\n",
        b"\n",
        b",".join([b"9", URL.encode(), b'""', b"x"]),
    ]
    (folder / "in.csv").write_bytes(b"".join(rows))
    assert sign_many("in.csv", "out.csv") == 0
    assert (folder / "out.csv").read_bytes() == (
        rows[0][:-2] + b",signed_url\r\n"
        + rows[1][:-2] + b"," + signed(URL) + b"\r\n"
        + rows[2][:-1] + b',"' + signed(OTHER) + b'"\n'
        + rows[3]
        + rows[4] + b"," + signed(URL)
    )  # fmt: skip


def test_csv_output_can_be_read_by_a_csv_reader(
    sign_many: Command, folder: Path, trusted_keys: TrustedKeyGroup
) -> None:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(["the url", "n"])
    urls = [URL, OTHER, "https://media.example.com/%22.jpg"] * 70
    writer.writerows([url, f'"{number},\n'] for number, url in enumerate(urls))
    (folder / "in.csv").write_text(written.getvalue(), newline="")
    options = ("--column", "the url", "--output-column", 'a,"b"', "--workers", "2")
    assert sign_many("in.csv", "out.csv", *options) == 0
    with open(folder / "out.csv", newline="") as file:
        read = list(csv.DictReader(file))
    assert [(row["the url"], row["n"]) for row in read] == [
        (url, f'"{number},\n') for number, url in enumerate(urls)
    ]
    assert all(row['a,"b"'].startswith(row["the url"]) for row in read)
    assert all(trusted_keys.check(row['a,"b"']).allowed for row in read)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,x", "the URL is relative"),
        ("1", "the row has 1 cells and the header has 2"),
        (f"1,{OTHER}", "the row has 3 cells and the header has 2"),
        (f'1,"{URL}"x', "the row is not valid CSV"),
        (f'"1"x,"{URL}\n"', "the row is not valid CSV"),
        (f"1,{URL}\rx", "the row is not valid CSV"),
        ("1,", "the URL is empty"),
    ],
)
def test_rejected_csv_row_is_reported_by_its_line(
    sign_many: Command,
    folder: Path,
    signed: Callable[[str], bytes],
    row: str,
    reason: str,
) -> None:
    good = f'"2\n3",{URL}\n'
    (folder / "in.csv").write_text(f"n,url\n{good}{row}\n{good}", newline="")
    assert sign_many("in.csv", "out.csv", "--errors", "bad.jsonl") == 1
    (error,) = read_errors(folder / "bad.jsonl")
    assert (error["line"], error["record"]) == (4, row)
    assert reason in str(error["error"])
    line = good[:-1].encode() + b"," + signed(URL) + b"\n"
    assert (folder / "out.csv").read_bytes() == b"n,url,signed_url\n" + line * 2


def test_csv_cell_may_be_long(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes]
) -> None:
    row = f'"{"x" * 140000}\n1,{URL}\n",{URL}'
    (folder / "in.csv").write_text(f"n,url\n{row}\n2,{URL}\n")
    assert sign_many("in.csv", "out.csv") == 0
    added = b"," + signed(URL) + b"\n"
    assert (folder / "out.csv").read_bytes() == (
        b"n,url,signed_url\n" + row.encode() + added + f"2,{URL}".encode() + added
    )


def test_csv_row_over_the_size_limit_is_an_error(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("cfsign.bulk.text_formats.MAX_RECORD_BYTES", 1 << 20)
    (folder / "in.csv").write_text(f'n,url\n1,{URL}\n2,"' + f"x\n3,{URL}\n" * 40000)
    assert sign_many("in.csv", "out.csv") == 2
    message = capsys.readouterr().err
    assert "the row that starts on line 3 is longer than 1 MiB; check" in message
    assert "--resume" not in message
    assert not (folder / "out.csv").exists()


def test_bare_carriage_return_does_not_split_a_csv_cell(sign_many: Command, folder: Path) -> None:
    row = f'1\r,"x\n2,{URL}\n"'
    (folder / "in.csv").write_text(f"n,url\n{row}\n3,{URL}\n", newline="")
    assert sign_many("in.csv", "out.csv", "--errors", "bad.jsonl") == 1
    assert [error["record"] for error in read_errors(folder / "bad.jsonl")] == [row]
    assert (folder / "out.csv").read_text().count("Signature=") == 1


@pytest.mark.parametrize("form", ["lines", "csv", "jsonl"])
def test_repeated_carriage_returns_are_a_line_ending(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes], form: str
) -> None:
    row = {"lines": URL, "csv": f"1,{URL}", "jsonl": f'{{"url":"{URL}"}}'}[form]
    head = "n,url\r\r\n" if form == "csv" else ""
    (folder / "in").write_text(f"{head}{row}\r\r\n\r\r\n{row}\r", newline="")
    assert sign_many("in", "out", "--format", form) == 0
    made = (folder / "out").read_bytes()
    assert made.removeprefix(b"n,url,signed_url\r\r\n").endswith(b"\r")
    assert made.count(b"\r\r\n\r\r\n") == 1
    assert made.count(signed(URL)) == 2


def test_unclosed_quote_loses_no_row(sign_many: Command, folder: Path) -> None:
    (folder / "in.csv").write_text(f'n,url\n1,{URL}\n2,"{URL}\n3,{URL}\n')
    assert sign_many("in.csv", "out.csv", "--errors", "bad.jsonl") == 1
    (error,) = read_errors(folder / "bad.jsonl")
    assert error["record"] == f'2,"{URL}\n3,{URL}'
    assert (folder / "out.csv").read_text().count("Signature=") == 1


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        ("", (), "the CSV file is empty"),
        ("a,b\n", (), "no column named 'url'; choose a --column: 'a', 'b'"),
        ("url,url\n", (), "several columns named 'url'"),
        ("url,signed_url\n", (), "choose another --output-column"),
        ('"url', (), "header cannot be read"),
        ("url\n", ("--column", "URL"), "no column named 'URL'"),
    ],
)
def test_csv_without_the_columns_is_refused_before_writing(
    sign_many: Command,
    folder: Path,
    content: str,
    options: tuple[str, ...],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.csv").write_text(content)
    assert sign_many("in.csv", "out.csv", *options) == 2
    assert reason in capsys.readouterr().err
    assert os.listdir(folder) == ["in.csv"]


def test_json_lines_get_a_member_and_other_bytes_are_copied(
    sign_many: Command, folder: Path, signed: Callable[[str], bytes]
) -> None:
    escaped = URL.replace("/", "\\/")
    rows = [
        f'{{"id": {"9" * 5000}, "url": "{URL}", "f": 1.10, "n": -0.0, "a": 1, "a": 2 }}\r\n',
        "\n",
        f' {{"url":"{escaped}","deep":{{"url":1,"e":"}}"}}}} \n',
        f'{{"x":"\\u00e9é}}","url":"{OTHER}"}}',
    ]
    (folder / "in.jsonl").write_bytes("".join(rows).encode())
    assert sign_many("in.jsonl", "out.jsonl") == 0
    lines = (folder / "out.jsonl").read_bytes().decode()
    member = [f',"signed_url":"{signed(url).decode()}"}}' for url in (URL, URL, OTHER)]
    assert lines == (
        rows[0].replace("}\r\n", f"{member[0]}\r\n")
        + "\n"
        + rows[2].removesuffix("} \n") + member[1] + " \n"
        + rows[3].removesuffix("}") + member[2]
    )  # fmt: skip
    assert [json.loads(line, parse_int=str)["signed_url"] for line in lines.split("\n") if line]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[]", "not an object"),
        (f'"{URL}"', "not an object"),
        (f'{{"url":"{URL}"', "the line is not valid JSON"),
        (f'{{"url":"{URL}"}} x', "the line is not valid JSON"),
        ("[" * 200000, "the line is not valid JSON"),
        ("{}", "no member named 'url'"),
        ('{"url":null}', "the member 'url' is not a string"),
        ('{"url":' + "1" * 5000 + "}", "the member 'url' is not a string"),
        ('{"url":{"url":"x"}}', "the member 'url' is not a string"),
        (f'{{"url":"{URL}","url":"{URL}"}}', "several members named 'url'"),
        (f'{{"url":"{URL}","signed_url":1}}', "choose another --output-column"),
    ],
)
def test_invalid_json_line_is_rejected(
    sign_many: Command, folder: Path, line: str, reason: str
) -> None:
    good = f'{{"url":"{URL}"}}\n'
    (folder / "in.jsonl").write_text(f"{good}{line}\n{good}")
    assert sign_many("in.jsonl", "out.jsonl", "--errors", "bad.jsonl") == 1
    (error,) = read_errors(folder / "bad.jsonl")
    assert (error["line"], error["record"]) == (2, line)
    assert reason in str(error["error"])
    assert (folder / "out.jsonl").read_text().count("Signature=") == 2


def test_errors_file_can_be_corrected_and_signed(sign_many: Command, folder: Path) -> None:
    (folder / "in.txt").write_text(f"{URL}\nhttps://media.example.com/a b.jpg\n")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 1
    corrected = (folder / "bad.jsonl").read_text().replace("a b", "a%20b")
    (folder / "bad.jsonl").write_text(corrected)
    assert sign_many("bad.jsonl", "again.jsonl", "--column", "record") == 0


def test_parquet_keeps_columns_types_and_metadata(
    sign_many: Command, folder: Path, trusted_keys: TrustedKeyGroup
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    from datetime import datetime
    from decimal import Decimal

    count = 1500
    urls = [None if n == 700 else f"https://media.example.com/{n}.ts" for n in range(count)]
    urls[3] = "a b"
    table = pa.table(
        {
            "id": pa.array([2**64 - 1 - n for n in range(count)], pa.uint64()),
            "url": pa.array(urls),
            "price": pa.array([Decimal("1.10")] * count),
            "at": pa.array([datetime(2026, 1, 1)] * count, pa.timestamp("ns", "UTC")),
            "kind": pa.array(["x", "y", "z"] * (count // 3)).dictionary_encode(),
            "parts": pa.array([[1, None]] * count, pa.list_(pa.int8())),
            "row": pa.array([b"\xff"] * count),
        },
        metadata={"note": "kept"},
    )
    pq.write_table(table, folder / "in.parquet", row_group_size=600)
    options = ("--errors", "bad.parquet", "--workers", "2")
    assert sign_many("in.parquet", "out.parquet", *options) == 1
    out = pq.read_table(folder / "out.parquet")
    good = pa.array([n not in (3, 700) for n in range(count)])
    rest = out.drop_columns(["signed_url"])
    table = pq.read_table(folder / "in.parquet")  # as pyarrow reads it: it renames a list's items
    assert rest.schema.equals(table.schema, check_metadata=True)
    assert rest.combine_chunks().equals(table.filter(good).combine_chunks())
    signed = out["signed_url"].to_pylist()
    assert all(
        url.startswith(plain) for url, plain in zip(signed, rest["url"].to_pylist(), strict=True)
    )
    assert all(trusted_keys.check(url).allowed for url in signed[::100])
    bad = pq.read_table(folder / "bad.parquet").to_pylist()
    assert [(row["id"], row["row_"]) for row in bad] == [(2**64 - 4, 4), (2**64 - 701, 701)]
    assert "a space" in bad[0]["error"]
    assert "a URL must be text" in bad[1]["error"]
    assert sorted(os.listdir(folder)) == ["bad.parquet", "in.parquet", "out.parquet"]


def test_empty_parquet_file(sign_many: Command, folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"url": pa.array([], pa.string())}), folder / "in.parquet")
    assert sign_many("in.parquet", "out.parquet", "--errors", "bad.parquet") == 0
    assert pq.read_table(folder / "out.parquet").schema.names == ["url", "signed_url"]
    assert pq.read_table(folder / "bad.parquet").schema.names == ["url", "row", "error"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [(["a", "b"], "no column named 'url'"), (["url", "signed_url"], "another --output-column")],
)
def test_parquet_without_the_columns_is_refused(
    sign_many: Command,
    folder: Path,
    names: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({name: ["x"] for name in names}), folder / "in.parquet")
    assert sign_many("in.parquet", "out.parquet") == 2
    assert reason in capsys.readouterr().err
    assert os.listdir(folder) == ["in.parquet"]


def test_file_in_another_format_than_parquet_is_refused(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow")
    (folder / "in.parquet").write_bytes(b"x" * 100)
    assert sign_many("in.parquet", "out.parquet") == 2
    assert "'in.parquet' cannot be read as a Parquet file" in capsys.readouterr().err


def test_parquet_type_that_pyarrow_cannot_filter_is_copied(
    sign_many: Command, folder: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    urls = [URL, "a b", URL, "c d", "e f", URL]
    table = pa.table({"url": pa.array(urls, pa.string_view())})
    try:
        pq.write_table(table, folder / "in.parquet")
    except pa.ArrowNotImplementedError:
        pytest.skip("this pyarrow cannot write string views")
    assert sign_many("in.parquet", "out.parquet", "--errors", "bad.parquet") == 1
    for name, kept in (("out", [URL] * 3), ("bad", ["a b", "c d", "e f"])):
        made = pq.read_table(folder / f"{name}.parquet")
        assert made.schema.field("url").type == pa.string_view()
        assert made["url"].to_pylist() == kept


def test_damaged_parquet_file_is_an_error(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pa.table({"url": [f"{URL}?{n}" for n in range(1000)]})
    pq.write_table(table, folder / "in.parquet", use_dictionary=False)
    content = bytearray((folder / "in.parquet").read_bytes())
    content[8:400] = b"\xff" * 392
    (folder / "in.parquet").write_bytes(content)
    assert sign_many("in.parquet", "out.parquet") == 2
    assert "row group 0 of the Parquet file cannot be read: " in capsys.readouterr().err
    assert not (folder / "out.parquet").exists()


def test_parquet_without_pyarrow_names_the_extra(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "cfsign.bulk.parquet", raising=False)
    (folder / "in.parquet").write_bytes(b"x")
    assert sign_many("in.parquet", "out.parquet") == 2
    assert "pip install 'cloudfront-cfsign[parquet]'" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_stream_to_stream(
    run_process: RunProcess, signed: Callable[[str], bytes], workers: str
) -> None:
    stdin = f"{URL}\n".encode() * 200
    done = run_process("-", "-", "--format", "lines", "--workers", workers, stdin=stdin)
    assert done.stdout == (signed(URL) + b"\n") * 200
    assert done.stderr.decode().startswith("cfsign: 200 signed, 0 rejected\ncfsign: valid until")
    assert done.returncode == 0


def test_stream_with_an_errors_file(run_process: RunProcess, folder: Path) -> None:
    stdin = f'url\n{URL}\n"a\nb"\n'.encode()
    done = run_process("-", "-", "--format", "csv", "--errors", "bad.jsonl", stdin=stdin)
    assert done.returncode == 1
    assert done.stdout.startswith(b"url,signed_url\nhttps")
    assert [error["line"] for error in read_errors(folder / "bad.jsonl")] == [3]
    assert os.listdir(folder) == ["bad.jsonl"]


def test_stream_to_file(
    run_process: RunProcess, folder: Path, signed: Callable[[str], bytes]
) -> None:
    assert run_process("-", "out.txt", stdin=URL.encode()).returncode == 0
    assert (folder / "out.txt").read_bytes() == signed(URL)
    assert os.listdir(folder) == ["out.txt"]


def test_no_progress_bar_without_a_terminal(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n" * 300)
    assert sign_many("in.txt", "out.txt") == 0
    assert "\r" not in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")
def test_progress_bar_on_a_terminal(folder: Path) -> None:
    pytest.importorskip("click")
    import pty

    from .conftest import PROGRAM, until

    (folder / "in.txt").write_text(f"{URL}\nx\n" * 200)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*PROGRAM, "in.txt", "out.txt", until()], stderr=theirs)
    os.close(theirs)
    shown = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:  # on Linux: the other side is closed
            more = b""
        if not more:
            break
        shown += more
    os.close(ours)
    assert process.wait() == 1
    assert b"rows/s" in shown
    assert b"100%" in shown
    assert b"[####" in shown
    assert b"\x1b[Kcfsign: line 2: the URL is relative" in shown


def test_output_is_readable_by_its_owner_only_or_keeps_its_mode(
    sign_many: Command, folder: Path
) -> None:
    (folder / "in.txt").write_text(f"{URL}\nx\n")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 1
    for name in ("out.txt", "bad.jsonl"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    (folder / "out.txt").chmod(0o640)
    assert sign_many("in.txt", "out.txt") == 1
    assert stat.S_IMODE((folder / "out.txt").stat().st_mode) == 0o640


def test_output_that_is_a_link_is_written_to_its_target(sign_many: Command, folder: Path) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "there").mkdir()
    (folder / "out.txt").symlink_to("there/real.txt")
    assert sign_many("in.txt", "out.txt") == 0
    assert (folder / "out.txt").is_symlink()
    assert os.listdir(folder / "there") == ["real.txt"]


def test_pattern_makes_one_signature_for_all_urls(
    sign_many: Command, folder: Path, trusted_keys: TrustedKeyGroup
) -> None:
    (folder / "in.txt").write_text(f"{URL}\nhttps://other.example.com/x\n{OTHER}\n")
    options = ("--pattern", "https://media.example.com/*", "--workers", "2")
    assert sign_many("in.txt", "out.txt", *options) == 1
    lines = (folder / "out.txt").read_text().split()
    assert len({line.split("Signature=")[1] for line in lines}) == 1
    assert all(trusted_keys.check(line).allowed for line in lines)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--ip-address", "x"), "'--ip-address': "),
        (("--starts-at", "2030-01-01T00:00Z", "--expires-at", "1800000000"), "'--starts-at': "),
        (("--expires-at", "1500000000"), "'--expires-at': "),
        (("--pattern", "videos/*"), "relative"),
        (("--workers", "0"), "--workers"),
    ],
)
def test_wrong_option_starts_no_run(
    sign_many: Command,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    words: str,
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    assert sign_many("in.txt", "out.txt", *options) == 2
    message = capsys.readouterr().err
    assert words in message
    assert "--resume" not in message
    assert [path.name for path in folder.iterdir()] == ["in.txt"]
