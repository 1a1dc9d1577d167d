"""Files from the network: checked against their published SHA-256, there whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograd_cnn.errors import DataFileError, FileAccessError, extra


@dataclass(frozen=True)
class PublishedFile:
    """A file that everybody can get, and how to know that it is the one.

    Attributes
    ----------
    name : str
        As it is published.
    sha256 : str
        Of the whole file, in hexadecimal.
    size : int
        In bytes.
    aliases : tuple of str
        Other names that the same content lies under, such as unpacked.
    """

    name: str
    sha256: str
    size: int
    aliases: tuple[str, ...] = ()


def fetched(file: PublishedFile, mirrors: Sequence[str], folder: Path) -> Path:
    """Download a file into a folder and return where it is.

    It comes under a temporary name and is renamed once its SHA-256 is right; what is longer than the
    published size is not read on.

    Raises
    ------
    MissingExtraError
        Without the library pooch.
    FileAccessError
        When no mirror gave the file, or it cannot be written.
    DataFileError
        When what came is another file.
    """
    pooch: Any = extra("pooch", "download", "download=True")
    failures = []
    for mirror in mirrors:
        try:
            found = pooch.retrieve(
                mirror + file.name, f"sha256:{file.sha256}", file.name, folder, downloader=_Download(file)
            )
        except (OSError, ValueError) as error:  # the network and the disk; another hash
            failures.append((mirror, error))
        else:
            return Path(found)
    mirror, reason = failures[-1]
    if all(isinstance(failure, ValueError) for _, failure in failures):
        raise DataFileError(
            f"{mirror}{file.name} gave another file than the published one of {file.size:,} bytes with SHA-256 "
            f"{file.sha256[:12]}…; it was not kept"
        ) from reason
    tried = " and ".join(mirror for mirror, _ in failures)
    raise FileAccessError(f"cannot get {file.name} from {tried} into {str(folder)!r}: {reason}") from reason


def cache_folder() -> Path:
    """Return the folder of this user where downloads are kept when none is named."""
    pooch: Any = extra("pooch", "download", "data without a folder")
    return Path(pooch.os_cache("autograd_cnn"))


@dataclass(frozen=True)
class _Download:
    """How pooch gets a file: with a bar on a terminal, and to the published size at most."""

    file: PublishedFile

    def __call__(self, url: str, target: str, _: object) -> None:
        from tqdm import tqdm

        requests: Any = extra("requests", "download", "download=True")
        # identity: some servers would send compressed files unpacked, which are then not the published ones
        options = {"stream": True, "timeout": 30, "headers": {"Accept-Encoding": "identity"}}
        with requests.get(url, **options) as response, open(target, "wb") as draft:
            response.raise_for_status()
            # disable=None: no bar where stderr is no terminal
            with tqdm(desc=self.file.name, total=self.file.size, unit="B", unit_scale=True, disable=None) as bar:
                for chunk in response.iter_content(1 << 16):
                    if draft.tell() + len(chunk) > self.file.size:
                        raise ValueError(f"more than {self.file.size:,} bytes came")
                    draft.write(chunk)
                    bar.update(len(chunk))
