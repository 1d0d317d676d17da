"""
Who studies here, in a JSON file that the site reads when it starts.

`python -m lectures.students NAME COURSE ...` adds a student and prints a password.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from pathlib import Path


def _hash(password: str, salt: str) -> str:
    # The cost that OWASP's "Password Storage Cheat Sheet" gives for 16 MiB of memory.
    return hashlib.scrypt(
        password.encode("utf-8", "replace"), salt=bytes.fromhex(salt), n=2**14, r=8, p=5
    ).hex()


@dataclass(frozen=True)
class Student:
    """A student: the courses taken, and the password's hash with its salt, in hexadecimal."""

    courses: list[str]
    salt: str = field(repr=False)
    hash: str = field(repr=False)

    @classmethod
    def with_password(cls, password: str, courses: list[str]) -> Student:
        """Make one; of the password the hash alone is kept."""
        salt = secrets.token_hex(16)
        return cls(courses, salt, _hash(password, salt))

    def has_password(self, password: str) -> bool:
        """Tell whether the password is this one. It takes a while on purpose: use a thread."""
        return compare_digest(_hash(password, self.salt), self.hash)


Students = Mapping[str, Student]

# Compared with where there is no such student, so that the answer takes as long.
_NOBODY = Student.with_password(secrets.token_hex(), [])


def knows(students: Students, name: str, password: str) -> bool:
    """Tell whether there is such a student with this password."""
    return students.get(name, _NOBODY).has_password(password)


def load_students(path: Path) -> dict[str, Student]:
    """Read the file."""
    return {name: Student(**values) for name, values in json.loads(path.read_text()).items()}


def main(name: str, *courses: str) -> None:
    """Add a student, or give one other courses and a new password."""
    path = Path(os.environ.get("STUDENTS_FILE", "students.json"))
    students = load_students(path) if path.exists() else {}
    password = secrets.token_urlsafe(12)
    students[name] = Student.with_password(password, list(courses))
    text = json.dumps({name: asdict(student) for name, student in students.items()}, indent=2)
    path.write_text(text)
    print(f"{name}'s password: {password}")


if __name__ == "__main__":
    main(*sys.argv[1:])
