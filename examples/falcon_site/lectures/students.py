"""
The students, in a JSON file that the site reads when it starts.

`python -m lectures.students NAME COURSE ...` adds a student and prints a password.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from pathlib import Path


def _hash(password: str, salt: str) -> str:
    # The parameters of OWASP's "Password Storage Cheat Sheet" for 16 MiB of memory.
    return hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=bytes.fromhex(salt), n=2**14, r=8, p=5
    ).hex()


@dataclass(frozen=True)
class Student:
    """A student: the courses, and the salt and hash of the password, in hexadecimal."""

    courses: list[str]
    salt: str = field(repr=False)
    hash: str = field(repr=False)

    @classmethod
    def with_password(cls, password: str, courses: list[str]) -> Student:
        """Return a student; only the hash of the password is stored."""
        salt = secrets.token_hex(16)
        return cls(courses, salt, _hash(password, salt))

    def has_password(self, password: str) -> bool:
        """Return True if *password* is correct. This is slow on purpose: use a thread."""
        return compare_digest(_hash(password, self.salt), self.hash)


Students = Mapping[str, Student]

# Compared for unknown names, so that the response takes the same time.
_DUMMY = Student.with_password(secrets.token_hex(), [])


def is_password(students: Students, name: str, password: str) -> bool:
    """Return True if there is a student *name* with this password."""
    return students.get(name, _DUMMY).has_password(password)


def load_students(path: Path) -> dict[str, Student]:
    """Load the students from a JSON file."""
    return {name: Student(**values) for name, values in json.loads(path.read_text()).items()}


def save_students(path: Path, students: Students) -> None:
    """Replace the JSON file. Only its owner can read it, because it holds hashes of passwords."""
    text = json.dumps({name: asdict(student) for name, student in students.items()}, indent=2)
    # A new file with mode 600, so that neither a link nor an open file gets the text.
    descriptor, new = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def main(name: str, *courses: str) -> None:
    """Add a student, or change the courses and the password of one."""
    path = Path(os.environ.get("STUDENTS_FILE", "students.json"))
    students = load_students(path) if path.exists() else {}
    password = secrets.token_urlsafe(12)
    students[name] = Student.with_password(password, list(courses))
    save_students(path, students)
    print(f"{name}'s password: {password}")


if __name__ == "__main__":
    main(*sys.argv[1:])
