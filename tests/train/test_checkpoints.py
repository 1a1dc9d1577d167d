"""Checkpoints: what was saved comes back to the bit; a damaged file is found; nothing half written stays."""

import errno
import io
import json
import os
import tempfile
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd_cnn as ag
from autograd_cnn import nn, optim, train
from autograd_cnn.train import archive
from tests.train.networks import blobs, network, same_state, trainer

numbers = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
kinds = st.sampled_from(["f4", "f8", "i8", "u1", "?", "c16", ">f4", "f2"])
arrays = hnp.arrays(kinds, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
keys = st.text(max_size=4) | st.sampled_from(["$array", "a/b", "a_b", "..", "header"]) | st.integers(0, 3)
contents = st.recursive(
    numbers | arrays | st.just(np.float32(1.5)) | st.just(np.int64(-3)),
    lambda part: st.lists(part, max_size=3) | st.tuples(part, part) | st.dictionaries(keys, part, max_size=3),
    max_leaves=12,
)


def written(content):
    file = io.BytesIO()
    archive.Packed(content).write(file)
    return file.getvalue()


def read(text):
    return archive.read(io.BytesIO(text), "the file")


def same(a, b):
    """Whether two contents are equal, in type and to the bit."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return a == b or (isinstance(a, float) and np.isnan(a) and np.isnan(b))


@given(st.dictionaries(keys.map(str), contents, max_size=3))
@example({"header": np.arange(3)})
@example({"_.1": np.zeros(1), "_.2": np.zeros(2), "_": np.zeros(3), "?": np.ones(3), "!": np.ones(2)})
@settings(max_examples=60)
def test_plain_data_comes_back_to_the_bit(content):
    found = read(written(content))
    assert same(found, content)


def test_numpy_lists_the_file_without_pickle(tmp_path):
    path = train.save_checkpoint(tmp_path / "a.npz", model=nn.Linear(2, 1, rng=0), epoch=3)
    with np.load(path, allow_pickle=False) as found:
        assert sorted(found) == ["header", "model/bias", "model/weight"]
        assert json.loads(found["header"].tobytes())["schema"] == 1


SMALL = {
    "model": {"weight": np.arange(6.0).reshape(2, 3), "bias": np.zeros(2, np.float32)},
    "epoch": 3,
    "lr": (0.1, 0.9),
}


@given(st.data())
@settings(max_examples=150)
def test_damaged_files_are_found(draw):
    text = bytearray(written(SMALL))
    for _ in range(draw.draw(st.integers(1, 4))):
        place = draw.draw(st.integers(0, len(text) - 1))
        text[place] = draw.draw(st.integers(0, 255))
    end = draw.draw(st.sampled_from([len(text), draw.draw(st.integers(0, len(text)))]))
    try:
        found = read(bytes(text[:end]))
    except ag.DataFileError:
        pass
    else:  # what was hit says nothing, such as a date
        assert same(found, SMALL)


@given(st.binary(max_size=200))
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(ag.DataFileError, match="damaged, or no checkpoint"):
        read(text)


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return file.getvalue()


def npy(array, **changes):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=True)
    text = file.getvalue()
    for old, new in changes.get("replace", {}).items():
        text = text.replace(old.encode().ljust(len(new)), new.encode())
    return text


def header(**content):
    whole = {"format": archive.FORMAT, "schema": 1, "content": {}} | content
    return npy(np.frombuffer(json.dumps(whole).encode(), np.uint8))


BOMBS = {
    "a compressed member": zipped({"header.npy": header(), "a.npy": npy(np.zeros(10**6))}, zipfile.ZIP_DEFLATED),
    "an array that says to be larger": zipped(
        {"header.npy": header(), "a.npy": npy(np.zeros(3), replace={"(3,), }      ": "(300000000,), }"})}
    ),
    "a member that says to take more of the file": (text := zipped({"header.npy": header()}))[
        : (place := text.rindex(b"PK\1\2") + 20)
    ]
    + (2**31 - 5).to_bytes(4, "little")
    + text[place + 4 :],
    "an array taken twice": zipped(
        {"header.npy": header(content={"a": {"$array": "a.npy"}, "b": {"$array": "a.npy"}}), "a.npy": npy(np.zeros(3))}
    ),
    "objects": zipped({"header.npy": header(), "a.npy": npy(np.array([print], object))}),
    "lists in lists": zipped(
        {"header.npy": npy(np.frombuffer(b'{"content":' + b"[" * 10**5 + b"]" * 10**5 + b"}", np.uint8))}
    ),
    "an unknown kind": zipped({"header.npy": header(content={"a": {"$run": "x"}})}),
    "another format": zipped({"header.npy": header(format="photos")}),
    "no header": zipped({"a.npy": npy(np.zeros(3))}),
    "text": zipped({"header.npy": header(), "a.npy": npy(np.array(["x"]))}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name):
    with pytest.raises(ag.DataFileError, match="damaged, or no checkpoint"):
        read(BOMBS[name])


def test_members_that_share_their_bytes_are_refused():
    """The trick of zip bombs without compression: many members that point to the same place of a file."""
    text = written({"a": np.zeros(5000), "b": np.ones(5000), "c": np.zeros(5000)})
    with zipfile.ZipFile(io.BytesIO(text)) as made:
        entries = made.infolist()
    begin, end = text.rindex(b"PK\x01\x02", 0, text.index(b"PK\x05\x06")), text.index(b"PK\x05\x06")
    first = text.index(b"PK\x01\x02")
    entry = text[begin:end]
    many = entry * 9
    tail = bytearray(text[end:])
    count = len(entries) - 1 + 9
    tail[8:10] = tail[10:12] = count.to_bytes(2, "little")
    tail[12:16] = (begin - first + len(many)).to_bytes(4, "little")
    with pytest.raises(ag.DataFileError, match="larger than the file"):
        read(text[:begin] + many + bytes(tail))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_newer_version_says_so(compression):
    """Whatever its other members are: another compression, dtype or kind of file."""
    file = io.BytesIO(zipped({"header.npy": header(schema=7)}))
    with zipfile.ZipFile(file, "a", compression) as made:
        made.writestr("a.npy", npy(np.zeros(10**4)))
        made.writestr("b.brain", b"who knows?")
    with pytest.raises(ag.NewerFileError, match=r"a newer autograd_cnn: it has version 7 .*, this one reads 1"):
        read(file.getvalue())


@pytest.mark.parametrize("version", [0, -1, True, "2", 1.5, None])
def test_a_version_that_is_none_is_damage(version):
    with pytest.raises(ag.DataFileError, match="damaged, or no checkpoint"):
        read(zipped({"header.npy": header(schema=version)}))


def test_a_newer_version_is_not_taken_for_damage_by_a_training(tmp_path):
    """It was renamed to .damaged, and the training went on from an older state, or said that all were damaged."""
    trainer(checkpoints=tmp_path).fit(blobs(), epochs=3, batch_size=20, rng=0)
    newest = max(tmp_path.glob("step-*.npz"))
    newest.write_bytes(zipped({"header.npy": header(schema=2)}))
    before = names(tmp_path)
    model = network()
    start = model.state_dict()
    with pytest.raises(ag.NewerFileError, match=f"{newest.name}' was written by a newer autograd_cnn"):
        trainer(model, checkpoints=tmp_path).fit(blobs(), epochs=5, batch_size=20, rng=0, resume=True)
    assert names(tmp_path) == before
    assert same(model.state_dict(), start)


@pytest.mark.parametrize(
    ("things", "message"),
    [
        ({"f": print}, "f is a builtin_function_or_method, expected numbers, strings"),
        ({"a": {"b": [object()]}}, "a/b/0 is an object"),
        ({"a": np.array(["x"])}, "a is an array of <U1"),
        ({"a": {(1, 2): 3}}, r"a has the key \(1, 2\)"),
    ],
)
def test_what_cannot_be_saved_is_named_before_a_file_is_touched(things, message, tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(ag.ArgumentError, match=message):
        train.save_checkpoint(path, **things)
    assert not list(tmp_path.iterdir())


def things(seed, bits=np.random.PCG64):
    model = network(seed, dropout=0.5, norm=True)
    return {
        "model": model,
        "optimizer": optim.Adam(model.parameters(), lr=0.01 * (seed + 1)),
        "rng": np.random.Generator(bits(seed)),
    }


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_models_optimizers_and_generators_come_back(bits, tmp_path):
    saved, loaded = things(0, bits), things(1, bits)
    train.Trainer(saved["model"], nn.CrossEntropyLoss(), saved["optimizer"]).fit(blobs(), epochs=2, rng=saved["rng"])
    path = train.save_checkpoint(tmp_path / "a.npz", **saved, epoch=2)
    assert train.load_checkpoint(path, **loaded)["epoch"] == 2
    assert same_state(saved["model"], loaded["model"])
    assert saved["rng"].random() == loaded["rng"].random()
    assert same(saved["optimizer"].state_dict(), loaded["optimizer"].state_dict())


def other(classes):
    model = network(classes=classes)
    return {"model": model, "optimizer": optim.Adam(model.parameters())}


@pytest.mark.parametrize(
    ("into", "error", "message"),
    [
        (lambda: other(4), ag.ShapeError, r"output.weight has shape \(3, 8\), expected \(4, 8\)"),
        (lambda: {"model": nn.Linear(2, 3)}, ag.UnknownNameError, "missing: weight"),
        (lambda: {"modle": network()}, ag.UnknownNameError, "no 'modle'; did you mean 'model'"),
        (lambda: {"rng": np.random.Generator(np.random.MT19937(0))}, ag.DataFileError, "its rng does not fit"),
        (lambda: {"epoch": 3}, ag.ArgumentError, "an int has no load_state_dict"),
        (lambda: {"optimizer": network()}, ag.AutogradError, "load_state_dict"),
    ],
)
def test_what_does_not_fit_says_so_and_changes_nothing(into, error, message, tmp_path):
    path = train.save_checkpoint(tmp_path / "a.npz", **other(3), rng=np.random.default_rng(0), epoch=3)
    first = network(7)
    before = first.state_dict()
    target = into()
    states = {name: thing.state_dict() for name, thing in target.items() if hasattr(thing, "state_dict")}
    with pytest.raises(error, match=message):
        train.load_checkpoint(path, **({"model": first} if "model" not in target else {}), **target)
    assert same(first.state_dict(), before)
    assert all(same(target[name].state_dict(), state) for name, state in states.items())


class FullDisk:
    """A disk that has room for so many bytes more."""

    def __init__(self, monkeypatch, room):
        self.room, real = room, os.fdopen

        def opened(descriptor, mode, *arguments, **named):
            file = real(descriptor, mode, *arguments, **named)
            write = file.write

            def limited(text):
                self.room -= len(text)
                if self.room < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return write(text)

            if "w" not in mode:
                return file
            return Limited(file, limited)

        monkeypatch.setattr(os, "fdopen", opened)


class Limited:
    """A file whose writing may fail."""

    def __init__(self, file, write):
        self.file, self.write = file, write

    def __getattr__(self, name):
        return getattr(self.file, name)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.file.close()


@pytest.mark.parametrize("room", [0, 100, 1000, 1500])
def test_a_full_disk_leaves_the_good_checkpoint_and_nothing_else(room, tmp_path, monkeypatch):
    path = train.save_checkpoint(tmp_path / "a.npz", model=network(0))
    good = path.read_bytes()
    assert len(good) > 1500
    FullDisk(monkeypatch, room)
    with pytest.raises(ag.FileAccessError, match=r"a\.npz': No space left on device"):
        train.save_checkpoint(path, model=network(1))
    assert [file.name for file in tmp_path.iterdir()] == ["a.npz"]
    assert path.read_bytes() == good


def test_a_full_disk_does_not_end_a_training(tmp_path, monkeypatch):
    folder = train.Checkpoints(tmp_path, every_steps=1)
    trainer(checkpoints=folder).fit(blobs(), epochs=1, rng=0)
    good = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    FullDisk(monkeypatch, 100)
    model = network()
    with pytest.warns(RuntimeWarning, match="No space left on device.* Training goes on"):
        history = trainer(model, checkpoints=folder).fit(blobs(), epochs=3, rng=0, resume=True)
    assert len(history.epochs) == 3
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == good


def test_a_folder_that_cannot_be_is_named_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    model = network()
    before = model.state_dict()
    with pytest.raises(ag.FileAccessError, match=r"cannot write to '.*file/deeper'"):
        trainer(model, checkpoints=tmp_path / "file" / "deeper").fit(blobs(), epochs=1, rng=0)
    assert same(before, model.state_dict())


def test_a_folder_that_cannot_be_written_to_is_named_before_the_training(tmp_path, monkeypatch):
    def refuse(**named):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(ag.FileAccessError, match="Read-only file system"):
        trainer(checkpoints=tmp_path).fit(blobs(), epochs=1, rng=0)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_the_last_few_and_the_best_are_kept(tmp_path):
    states = []
    folder = train.Checkpoints(tmp_path, every_epochs=2, keep=2)
    model = network()
    points, labels = blobs(seed=1)
    running = trainer(model, lr=0.5, checkpoints=folder, callbacks=[lambda t: states.append(t.model.state_dict())])
    history = running.fit(blobs(), (points, (labels + 1) % 3), epochs=9, batch_size=20, rng=0)
    assert names(tmp_path) == ["best.npz", "step-00000016.npz", "step-00000018.npz"]
    best = network(3)
    train.load_checkpoint(tmp_path / "best.npz", model=best)
    assert same(best.state_dict(), states[history.best_epoch - 1])
    assert history.best_epoch < 9


def test_drafts_that_a_kill_left_are_swept_and_other_files_stay(tmp_path):
    for name in (".step-00000001.npz.0a1b2c3d.tmp", ".best.npz.0a1b2c3d.tmp", "notes.txt", ".hidden.tmp"):
        (tmp_path / name).write_bytes(b"half")
    trainer(checkpoints=tmp_path).fit(blobs(), epochs=1, rng=0)
    assert names(tmp_path) == [".hidden.tmp", "best.npz", "notes.txt", "step-00000001.npz"]


def test_a_new_training_does_not_mix_with_an_old_one(tmp_path):
    trainer(checkpoints=tmp_path).fit(blobs(), epochs=1, rng=0)
    with pytest.raises(ag.ArgumentError, match="holds those of an earlier training"):
        trainer(checkpoints=tmp_path).fit(blobs(), epochs=1, rng=0)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    whole = network()
    expected = trainer(whole).fit(blobs(), epochs=5, batch_size=20, rng=0)
    trainer(checkpoints=train.Checkpoints(tmp_path, keep=2)).fit(blobs(), epochs=3, batch_size=20, rng=0)
    newest = tmp_path / "step-00000006.npz"
    newest.write_bytes(newest.read_bytes()[:-100])
    model = network()
    running = trainer(model, checkpoints=train.Checkpoints(tmp_path, keep=1))
    with pytest.warns(RuntimeWarning, match=r"step-00000006.npz' is damaged.*; the one before it is used"):
        assert running.fit(blobs(), epochs=5, batch_size=20, rng=0, resume=True) == expected
    assert same_state(model, whole)
    assert names(tmp_path) == ["best.npz", "step-00000006.damaged", "step-00000010.npz"]


def test_when_all_are_damaged_nothing_is_begun_anew_in_silence(tmp_path):
    trainer(checkpoints=tmp_path).fit(blobs(), epochs=2, rng=0)
    for file in tmp_path.glob("step-*"):
        file.write_bytes(b"")
    for _ in range(2):  # nor at a second attempt, such as that of a script that starts what has ended
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(ag.DataFileError, match=r"all in '.*' are damaged: .*; is best.npz whole\?"):
                trainer(checkpoints=tmp_path).fit(blobs(), epochs=2, rng=0, resume=True)


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({}, {"batch_size": 20}, "was trained with .*'batch_size': 10.*, expected .*'batch_size': 20"),
        ({"early_stopping": train.EarlyStopping(metric="accuracy")}, {}, "was told by 'loss', not by 'accuracy'"),
        ({"average": train.AveragedModel(network())}, {}, "this training has average, best"),
        ({"checkpoints": None}, {}, "resume=True without checkpoints"),
    ],
)
def test_a_training_only_goes_on_as_it_began(options, given, message, tmp_path):
    trainer(checkpoints=tmp_path).fit(blobs(), blobs(), epochs=1, batch_size=10, rng=0)
    model = network(5)
    before = model.state_dict()
    with pytest.raises(ag.ArgumentError, match=message):
        trainer(model, **({"checkpoints": tmp_path} | options)).fit(
            blobs(), blobs(), epochs=2, **({"batch_size": 10} | given), resume=True
        )
    assert same(model.state_dict(), before)


@given(st.sampled_from(["position", "history", "best", "generators", "optimizer", "model"]), st.data())
@settings(max_examples=25)
def test_states_of_the_wrong_kind_are_refused(tmp_path_factory, part, draw):
    """Whole files with nonsense in them: somebody wrote them on purpose."""
    folder = tmp_path_factory.mktemp("checkpoints")
    first = network(norm=True)
    trainer(first, checkpoints=folder).fit(blobs(), epochs=1, batch_size=20, rng=0)
    (path,) = folder.glob("step-*.npz")
    saved = train.load_checkpoint(path)
    if isinstance(saved[part], dict) and draw.draw(st.booleans()):
        name = draw.draw(st.sampled_from(sorted(saved[part])))
        saved[part][name] = draw.draw(contents)
    else:
        saved[part] = draw.draw(contents)
    train.save_checkpoint(path, **saved)
    model = network(1, norm=True)
    before = model.state_dict()
    try:
        trainer(model, checkpoints=folder).fit(blobs(), epochs=2, batch_size=20, rng=0, resume=True)
    except ag.AutogradError:
        assert same(model.state_dict(), before)


@pytest.mark.parametrize("wrong", [{"keep": None}, {"keep": 0}, {"every_steps": True}, {"every_epochs": 1.5}])
def test_numbers_of_checkpoints_are_checked(wrong):
    with pytest.raises(ag.ArgumentError, match="expected an integer of at least 1"):
        train.Checkpoints("folder", **wrong)
