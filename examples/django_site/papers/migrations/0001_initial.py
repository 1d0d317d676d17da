"""The papers' table."""

from typing import Any, ClassVar

from django.db import migrations, models
from django.db.models.deletion import PROTECT


class Migration(migrations.Migration):
    """Made by `manage.py makemigrations`, and laid out by hand."""

    initial = True
    dependencies: ClassVar[list[Any]] = [("auth", "0012_alter_user_first_name_max_length")]
    operations: ClassVar[list[Any]] = [
        migrations.CreateModel(
            name="Paper",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("path", models.CharField(max_length=200, unique=True)),
                ("title", models.CharField(max_length=200)),
                ("group", models.ForeignKey(on_delete=PROTECT, to="auth.group")),
            ],
            options={"ordering": ("title",)},
        ),
    ]
