"""The files of the repository, as the lint rules see them."""

import fnmatch
import os
import pathlib


class Tree:
    """A folder's files without those that git ignores; counts the files that a rule looked at."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.ignored = _ignore_patterns(self.root / ".gitignore")
        self.paths = sorted(self._walk())
        self.seen = set()

    def files(self, *patterns):
        """Relative paths whose file name matches one of the patterns."""
        found = [path for path in self.paths if _matches(path.rsplit("/", 1)[-1], patterns)]
        self.seen.update(found)
        return found

    def bytes(self, path):
        return (self.root / path).read_bytes()

    def text(self, path):
        return self.bytes(path).decode(errors="replace")

    def lines(self, path):
        """(line number, line) pairs."""
        return list(enumerate(self.text(path).splitlines(), 1))

    def exists(self, path):
        return (self.root / path).exists()

    def _walk(self):
        for folder, folders, names in os.walk(self.root):
            relative = pathlib.PurePosixPath(folder).relative_to(self.root)
            folders[:] = [n for n in folders if n != ".git" and not self._is_ignored(relative / n)]
            for name in names:
                path = relative / name
                if not self._is_ignored(path) and not (self.root / path).is_symlink():
                    yield str(path)

    def _is_ignored(self, path):
        """The two kinds of pattern that .gitignore has: /anchored and a bare name."""
        for pattern in self.ignored:
            text = "/" + str(path) if pattern.startswith("/") else path.name
            if fnmatch.fnmatchcase(text, pattern):
                return True
        return False


def _ignore_patterns(path):
    if not path.exists():
        return []
    lines = [line.strip() for line in path.read_text().splitlines()]
    return [line.rstrip("/") for line in lines if line and not line.startswith("#")]


def _matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
