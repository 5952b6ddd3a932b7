from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from library.facts import facts

AT_ONCE = 500


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """What the recipes of older batches say goes into the columns that searches look at."""
    batch_model = apps.get_model("library", "Batch")
    names = list(facts({}))
    part = []
    for batch in batch_model.objects.order_by("pk").iterator(AT_ONCE):
        batch.changed = batch.created
        for name, value in facts(batch.recipe).items():
            setattr(batch, name, value)
        part.append(batch)
        if len(part) == AT_ONCE:
            batch_model.objects.bulk_update(part, ["changed", *names])
            part = []
    batch_model.objects.bulk_update(part, ["changed", *names])


class Migration(migrations.Migration):
    """Apart from the columns: PostgreSQL does not change a table in the transaction that has changed its rows."""

    dependencies = [("library", "0002_finding")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
