"""Files from an enemy, given to every reader: python -m tests.attack.hostile_files FOLDER [CHANGES [SEED]].

Headers that promise terabytes, archives that unpack to more than they hold or out of their folder, texts nested without
end, and then each whole file with random bytes changed, cut or added, so many times. From the first of them on this
process may take little further memory, and everything that Python's audit hooks see is noted: code that is run, names
that a pickle asks for, processes, connections, and files opened for writing or made anywhere but in FOLDER/target. A
reader has to answer with an error of this library, or with what it read, within seconds. Before, readers that do all
of this are tried, to see that they are caught.
"""

import codecs
import gzip
import io
import json
import os
import pickle
import resource
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import autograd_cnn as ag
import viz
from autograd_cnn import data, models, nn, train
from autograd_cnn.train.archive import Packed
from tests.data.test_cifar import files10
from viz.expressions import assignments, build

MEMORY = 600 << 20
"""Bytes beside those of the libraries: pictures and images of the largest size that is read by default take some."""
SECONDS = 20


def packed(**content: Any) -> bytes:
    file = io.BytesIO()
    Packed(content).write(file)
    return file.getvalue()


def npz(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def npy(array: np.ndarray, shape: str = "") -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    content = file.getvalue()
    return content.replace(str(array.shape).encode(), shape.encode(), 1) if shape else content


def tar(members: dict[str, bytes], size: int | None = None, **changes: Any) -> bytes:
    """Return a .tar file; its last member is of the size and kind that are given, whatever follows."""
    content = b""
    for name, inside in members.items():
        info = tarfile.TarInfo(name)
        last = name == list(members)[-1]
        info.size = len(inside) if size is None or not last else size
        for attribute, value in changes.items() if last else ():
            setattr(info, attribute, value)
        content += info.tobuf(tarfile.GNU_FORMAT) + inside + bytes(-len(inside) % 512)
    return content + bytes(1024)


def png(width: int, height: int, pixels: bytes = b"") -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def safetensors(header: Any, content: bytes = bytes(12)) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


def image() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (9, 8, 7)).save(file, "PNG")
    return file.getvalue()


def boasting(content: bytes) -> bytes:
    """Return a zip file whose last member says to take two gigabytes of it."""
    place = content.rindex(b"PK\1\2") + 20
    return content[:place] + struct.pack("<I", 2**31 - 5) + content[place + 4 :]


class Evil:
    """Would run code where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (f"evil-{os.getpid()}",)


IDX = b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03abcdef"
WIDE = b"\0\0\x0e\x03" + b"\x7f\xff\xff\xff" * 3 + bytes(64)
ZEROS = bytes(50_000_000)
LINEAR = {"weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
          "bias": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}  # fmt: skip
HUGE = {"weight": {"dtype": "F64", "shape": [10**6, 10**6], "data_offsets": [0, 8 * 10**12]}}
ARRAYS = {"x.npy": npy(np.zeros((4, 2, 2), np.uint8)), "y.npy": npy(np.arange(4))}
OUTSIDE = {"../evil": b"evil", "/tmp/evil-absolute": b"evil", "a/../../evil": b"evil", "..\\evil": b"evil"}
PICTURE = viz.circuit(ag.Scalar(2.0, name="x") * 3).json().encode()

Reader = Callable[[Path, Path], Any]


def images_of(path: Path, target: Path) -> Any:
    return data.image_folder(path.parent.parent, size=(4, 4))


def cifar_of(path: Path, target: Path) -> Any:
    return data.cifar10(path.parent)


def study_of(path: Path, target: Path) -> Any:
    """Go on with a study: it is written to."""
    space = {"a": train.Uniform(0, 1)}
    return train.tune(lambda trial: trial["a"], space, trials=1, storage=shutil.copy(path, target / "study.log"))


READERS: dict[str, tuple[str, Reader, bytes, list[bytes]]] = {
    "IDX": ("x", lambda path, _: data.read_idx(path), IDX,
            [WIDE, gzip.compress(WIDE), gzip.compress(IDX + ZEROS), b"\0\0\x08\xff" + b"\1" * 2000]),
    "IDX, packed": ("x.gz", lambda path, _: data.read_idx(path), gzip.compress(IDX), []),
    "CIFAR": ("cifar-10-binary.tar.gz", cifar_of, gzip.compress(tar(files10())),
              [gzip.compress(tar({"batches.meta.txt": b"a"}, size=1 << 40)),
               gzip.compress(tar({"data_batch_1.bin": ZEROS, "x": ZEROS}))]),
    "CIFAR, a file": ("test_batch.bin", cifar_of, files10()["test_batch.bin"], [ZEROS]),
    "images": ("a/1.png", images_of, image(),
               [png(2**31 - 1, 2**31 - 1), png(60_000, 60_000, ZEROS), b"BM" + b"\xff\xff\xff\x7f" * 30]),
    "archive, zip": ("x.zip", lambda path, target: data.extract(path, target / "out"), npz({"a": b"text", "b/c": b""}),
                     [npz({name: text}) for name, text in OUTSIDE.items()]
                     + [npz({"a": ZEROS}, zipfile.ZIP_DEFLATED), boasting(npz({"a": b"text"}))]),
    "archive, tar": ("x.tar", lambda path, target: data.extract(path, target / "out"), tar({"a": b"text"}),
                     [tar({name: text}) for name, text in OUTSIDE.items()]
                     + [tar({"a": b""}, size=1 << 42), tar({"a": b""}, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
                        tar({"a": b""}, type=tarfile.LNKTYPE, linkname="../evil"),
                        tar({"a": b""}, type=tarfile.BLKTYPE), tar({"a": b""}, type=tarfile.FIFOTYPE)]),
    "arrays": ("x.npz", lambda path, _: data.load_npz(path, "x", "y"), npz(ARRAYS),
               [npz(ARRAYS | {"x.npy": npy(np.zeros((4, 2, 2), np.uint8), "(4, 2000000, 2000000)")}),
                npz(ARRAYS | {"y.npy": npy(np.array([Evil()] * 4))}),
                npz(ARRAYS | {"x.npy": b"\x93NUMPY\2\0\xff\xff\xff\x7f" + bytes(100)}),
                npz(ARRAYS | {"x.npy": ZEROS}, zipfile.ZIP_DEFLATED), boasting(npz(ARRAYS))]),
    "checkpoint": ("x.npz", lambda path, _: train.load_checkpoint(path, model=nn.Linear(2, 1)),
                   packed(model=nn.Linear(2, 1, rng=0).state_dict(), epoch=3),
                   [npz({"header.npy": npy(np.zeros(3, np.uint8), "(3000000000000,)")}),
                    npz({"header.npy": npy(np.array([Evil()]))}), npz({"header.npy": ZEROS}, zipfile.ZIP_DEFLATED),
                    npz({"header.npy": npy(np.frombuffer(b"[" * 10**6, np.uint8))}),
                    boasting(packed(a=np.zeros(9))), boasting(packed())]),
    "safetensors": ("x.safetensors", lambda path, _: models.load_safetensors(nn.Linear(2, 1), path),
                    safetensors(LINEAR),
                    [struct.pack("<Q", 2**62) + b"{}", safetensors(HUGE), safetensors(LINEAR | HUGE),
                     safetensors(b"[" * 10**6), safetensors({"weight": LINEAR["weight"] | {"shape": [2**63, 2**63]}})]),
    "saved picture": ("x.json", lambda path, _: viz.load(path), PICTURE,
                      [b"[" * 10**6, b"9" * 10**6, PICTURE.replace(b'"version": 1', b'"version": 1e999'),
                       PICTURE.replace(b'"circuit"', b'"os.system"')]),
    "study": ("x.log", study_of, b'{"op_code": 0}\n', [b"\x80\x04.", b'{"op_code":' * 99, b"[" * 10**6]),
    "expression": ("x", lambda path, _: build(path.read_text("utf-8", "replace"), {"x": 2.0}),
                   b"(x + 1)**2 / max(x, 3)",
                   [b"(" * 10**6 + b"x", b"-" * 10**4 + b"x", b"9**9**9**9*x", b"9" * 9000 + b"*x", b"x" + b"*x" * 4000,
                    b"__import__('os').mkdir('evil')", b"(lambda: x)()", b"[x for x in (1,)]", b"x.__class__"]),
    "values": ("x", lambda path, _: assignments([path.read_text("utf-8", "replace")]), b"x=2",
               [b"x=" + b"9" * 10**6, b"x=1e" + b"9" * 10**5, b"__class__=1", b"x=__import__('os')"]),
}  # fmt: skip
"""By kind of file: its name, what reads it, a whole one, and hostile ones."""


class Watch:
    """Notes what a reader must not do; audit hooks stay until the process ends, so it can be switched."""

    def __init__(self, target: Path) -> None:
        self.target, self.seen, self.on = str(target), list[str](), False
        sys.addaudithook(self)

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.on:
            return
        wrong = event in ("exec", "pickle.find_class", "os.system", "subprocess.Popen", "os.exec", "os.posix_spawn")
        wrong = wrong or event.startswith(("socket.", "ctypes.dlopen", "webbrowser."))
        if event == "open" and isinstance(given[0], str):
            writes = given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(given[2], int) else 0
            wrong = bool(writes) and not given[0].startswith(self.target)
        if event in ("os.mkdir", "os.link", "os.symlink", "os.rename"):
            wrong = not all(str(path).startswith(self.target) for path in given[:2] if isinstance(path, str | Path))
        if wrong:
            self.seen.append(f"{event} {str(given)[:200]}")


def changed(whole: bytes, times: int, random: np.random.Generator) -> Iterator[bytes]:
    """Yield a file with bytes changed, cut off or added."""
    for _ in range(times):
        content = bytearray(whole)
        for _ in range(random.integers(0, 4)):
            content[random.integers(len(content))] = random.choice([0, 255, 127, 128, random.integers(256)])
        end = len(content) if random.random() < 0.7 else random.integers(len(content))
        yield bytes(content[:end]) + (random.bytes(9) if random.random() < 0.2 else b"")


def bad_readers(folder: Path) -> dict[str, Reader]:
    """Return readers that the watch has to catch, by what it has to say."""
    return {
        "pickle.find_class": lambda path, _: pickle.loads(pickle.dumps(Evil)),
        "exec": lambda path, _: exec("1 + 1"),
        "open": lambda path, _: (folder / "x").write_bytes(b""),
        "os.mkdir": lambda path, _: os.mkdir(folder / "folder"),
        "MemoryError": lambda path, _: bytearray(2 * MEMORY),
        "KeyError": lambda path, _: {}["x"],
        "TimeoutError": lambda path, _: os.kill(os.getpid(), signal.SIGALRM),
        "/evil": lambda path, target: (target / "evil").symlink_to("/etc"),
    }


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def wrong_with(reader: Reader, path: Path, content: bytes, watch: Watch) -> list[str]:
    """Return what a reader did to a file that it must not do."""
    target = Path(watch.target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    before, raised, watch.seen = {*os.listdir(), *os.listdir("/tmp")}, "", []
    signal.alarm(SECONDS)
    watch.on = True
    try:
        with suppress(ag.AutogradError), np.errstate(all="ignore"):
            reader(path, target)
    except BaseException as error:
        raised = f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        watch.on = False
        signal.alarm(0)
    outside = [name for name in {*os.listdir(), *os.listdir("/tmp")} - before if "evil" in name]
    outside += [str(found) for found in target.parent.rglob("*evil*") if target not in found.parents]
    for found in target.rglob("*"):
        if found.is_symlink() or not (found.is_file() or found.is_dir()):
            outside.append(str(found))
    emptied(target)
    return [*watch.seen, *outside, *([raised] if raised else [])]


def late(*_: Any) -> None:
    raise TimeoutError


def main(folder: Path, changes: int, seed: int) -> None:
    """Give every reader a whole file, so that all is imported; then hostile ones, with memory and hooks watched."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=folder))  # the command may be given twice
    target = folder / "target"
    target.mkdir()
    watch = Watch(target)
    Image.init()  # Pillow's formats
    paths = {kind: folder / str(number) / name for number, (kind, (name, *_)) in enumerate(READERS.items())}
    for kind, (_, reader, whole, _) in READERS.items():
        paths[kind].parent.mkdir(parents=True, exist_ok=True)
        paths[kind].write_bytes(whole)
        if kind == "CIFAR, a file":
            for name, content in files10().items():
                (paths[kind].parent / name).write_bytes(content)
        with suppress(ag.DataFileError if kind == "study" else ()):  # of which the first line alone is known here
            reader(paths[kind], target)
        emptied(target)
    for codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):  # in which JSON may be written
        codecs.lookup(codec)
    signal.signal(signal.SIGALRM, late)
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))
    for words, reader in bad_readers(folder).items():
        if not any(words in wrong for wrong in wrong_with(reader, folder / "bad", b"", watch)):
            raise SystemExit(f"a reader that {words} tells of was not caught")
    random, tried, found = np.random.default_rng(seed), 0, []
    for kind, (_, reader, whole, hostile) in READERS.items():
        for content in (*hostile, *changed(whole, changes, random)):
            tried += 1
            wrong = wrong_with(reader, paths[kind], content, watch)
            found += [f"{kind}: {what}: {content[:100]!r}" for what in wrong]
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{tried} hostile files for {len(READERS)} readers, seed {seed}: {len(found)} answers that are none")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore", train.SearchBorderWarning)
    parser = ArgumentParser(prog="python -m tests.attack.hostile_files", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="for the files; a new one is made inside")
    parser.add_argument("changes", type=int, nargs="?", default=1000, help="of each whole file (default: 1000)")
    parser.add_argument("seed", type=int, nargs="?", default=int.from_bytes(os.urandom(3)), help="of all changes")
    main(**vars(parser.parse_args()))
